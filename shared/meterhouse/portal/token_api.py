"""Portal tokens over HTTP, for who has an API key."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from meterhouse.platform.http import namespace_of
from meterhouse.portal.token_schema import (
    PortalTokenCreate,
    PortalTokenInvalidate,
    PortalTokenWire,
    spec_of,
    token_to_wire,
)
from meterhouse.portal.tokens import PortalTokens

_TOKENS = "/api/v1/portal/tokens"
_TAGS = ["Portal"]
_Limit = Annotated[int, Field(ge=1, le=100), Query()]


def token_routes(tokens: PortalTokens) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_TOKENS, operation_id="createPortalToken", tags=_TAGS, summary="Create consumer portal token")
    def create(body: Annotated[PortalTokenCreate, Body()]) -> PortalTokenWire:
        made = tokens.create(namespace(), spec_of(body))
        return token_to_wire(made.token, tokens.now(), made.text)

    @router.get(_TOKENS, operation_id="listPortalTokens", tags=_TAGS, summary="List consumer portal tokens")
    def page(limit: _Limit = 25) -> list[PortalTokenWire]:
        at = tokens.now()
        return [token_to_wire(one, at) for one in tokens.page(namespace(), limit)]

    @router.post(
        f"{_TOKENS}/invalidate", operation_id="invalidatePortalTokens", tags=_TAGS, summary="Invalidate portal tokens"
    )
    def invalidate(body: Annotated[PortalTokenInvalidate, Body()]) -> Response[None]:
        tokens.invalidate(namespace(), body.id, body.subject)
        return Response(HTTPStatus.NO_CONTENT)

    return router
