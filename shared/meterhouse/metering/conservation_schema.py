"""The conservation report and conflicts on the wire."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from meterhouse.kernel.period import Period
from meterhouse.metering.conservation import Account, HourAccount, total
from meterhouse.metering.cursor import unknown_cursor
from meterhouse.metering.list_conflicts import LAST, Conflict, Writing
from meterhouse.platform.wire import Instant, Ulid, Wire

_CURSOR_BYTES = 16


class AccountWire(Wire):
    """Accepted events and where they are: `accepted` is the sum of all the others but `astray`.

    `astray` counts what is wrong record by record: where one event was lost and another doubled, nothing is unexplained
    and two are astray.
    """

    accepted: int
    counted: int
    unmatched: int
    invalid: int
    duplicate: int
    conflict: int
    dead: int
    pending: int
    unexplained: int
    astray: int


class HourWire(AccountWire):
    hour: Instant


class ConservationReport(Wire):
    from_: Instant = Field(alias="from")
    to: Instant
    meter_id: Ulid | None = None
    hours: list[HourWire]
    totals: AccountWire


class WritingWire(Wire):
    type: str
    subject: str
    time: Instant
    ingested_at: Instant


class ConflictWire(Wire):
    """An event's first writing, which counts, beside a later one with another body, which does not."""

    id: str
    source: str
    first: WritingWire
    later: WritingWire


class ConflictPage(Wire):
    items: list[ConflictWire]
    next_cursor: str | None = None


def report_wire(period: Period, meter_id: str | None, hours: Sequence[HourAccount]) -> ConservationReport:
    bounds: dict[str, Any] = {"from": period.start, "to": period.end}
    return ConservationReport(
        **bounds,
        meter_id=meter_id,
        hours=[HourWire(hour=one.hour, **_numbers(one.account)) for one in hours],
        totals=AccountWire(**_numbers(total(hours))),
    )


def conflict_page(conflicts: Sequence[Conflict], limit: int) -> ConflictPage:
    following = _encode_cursor(conflicts[-1].written) if len(conflicts) == limit else None
    return ConflictPage(items=list(map(_conflict, conflicts)), next_cursor=following)


def decode_cursor(text: str | None) -> int:
    """The writing a cursor stands for; `InvalidInput` when it is none of ours."""
    try:
        written = None if text is None else urlsafe_b64decode(text.encode())
    except ValueError:
        written = b""
    if written is not None and len(written) != _CURSOR_BYTES:
        raise unknown_cursor()
    return LAST if written is None else int.from_bytes(written)


def _encode_cursor(written: int) -> str:
    return urlsafe_b64encode(written.to_bytes(_CURSOR_BYTES)).decode()


def _numbers(account: Account) -> dict[str, int]:
    return {name: getattr(account, name) for name in AccountWire.model_fields}


def _conflict(conflict: Conflict) -> ConflictWire:
    first, later = _writing(conflict.first), _writing(conflict.later)
    return ConflictWire(id=conflict.id, source=conflict.source, first=first, later=later)


def _writing(one: Writing) -> WritingWire:
    return WritingWire(type=one.type, subject=one.subject, time=one.time, ingested_at=one.ingested_at)
