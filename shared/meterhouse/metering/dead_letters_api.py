"""Dead letters over HTTP."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from meterhouse.metering.dead_letter_schema import (
    DeadLetterPage,
    OpenedLetterWire,
    decode_cursor,
    letter_page,
    opened_wire,
)
from meterhouse.metering.dead_letters import DeadLetters
from meterhouse.platform.http import namespace_of

_LETTERS = "/api/v1/debug/dead-letters"
_LETTER = f"{_LETTERS}/<letter_id>"
_TAGS = ["Debug"]
_Limit = Annotated[int, Field(ge=1, le=1000)]


def dead_letter_routes(letters: DeadLetters) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_LETTERS, operation_id="listDeadLetters", tags=_TAGS, summary="List dead letters")
    def page(limit: Annotated[_Limit, Query()] = 100, cursor: Annotated[str | None, Query()] = None) -> DeadLetterPage:
        return letter_page(letters.page(namespace(), limit, decode_cursor(cursor)), limit)

    @router.get(_LETTER, operation_id="getDeadLetter", tags=_TAGS, summary="Get dead letter")
    def show(letter_id: str) -> OpenedLetterWire:
        return opened_wire(letters.open(namespace(), letter_id))

    @router.post(
        f"{_LETTER}/replay",
        operation_id="replayDeadLetter",
        tags=_TAGS,
        summary="Put a dead letter's record onto the events topic again",
    )
    def replay(letter_id: str) -> OpenedLetterWire:
        return opened_wire(letters.replay(namespace(), letter_id))

    return router
