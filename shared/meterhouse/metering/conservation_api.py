"""The conservation report and conflicts over HTTP."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.conservation import reported_period
from meterhouse.metering.conservation_schema import (
    ConflictPage,
    ConservationReport,
    conflict_page,
    decode_cursor,
    report_wire,
)
from meterhouse.metering.list_conflicts import ConflictQuery, Conflicts
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant

_TAGS = ["Debug"]
_Limit = Annotated[int, Field(ge=1, le=1000)]
_From = Annotated[Instant | None, Query(alias="from")]
_To = Annotated[Instant | None, Query()]


_ANSWERED_WITHIN = timedelta(seconds=22)
"""Of the 29 seconds a function has: a report that takes longer is refused with words, not cut off."""


def conservation_routes(account: AccountForEvents, conflicts: Conflicts, now: Callable[[], datetime]) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        "/api/v1/debug/conservation",
        operation_id="getConservation",
        tags=_TAGS,
        summary="Say where every accepted event is",
    )
    def conservation(
        from_: _From = None, to: _To = None, meter: Annotated[str | None, Query()] = None
    ) -> ConservationReport:
        at = now()
        period = reported_period(from_, to, at)
        meter_id = None if meter is None else account.meter(namespace(), meter).id

        def seconds_left() -> float:
            return (at + _ANSWERED_WITHIN - now()).total_seconds()

        return report_wire(period, meter_id, account(namespace(), period, account.look(), meter_id, seconds_left))

    @router.get(
        "/api/v1/debug/conflicts",
        operation_id="listConflicts",
        tags=_TAGS,
        summary="List writings that contradict an event's first",
    )
    def contradictions(
        from_: _From = None,
        to: _To = None,
        limit: Annotated[_Limit, Query()] = 100,
        cursor: Annotated[str | None, Query()] = None,
    ) -> ConflictPage:
        query = ConflictQuery(reported_period(from_, to, now()), limit, decode_cursor(cursor))
        return conflict_page(conflicts.conflicts(namespace(), query), limit)

    return router
