"""Conservation: every accepted event is somewhere, and the report says where."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import reduce

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.period import Period
from meterhouse.metering.event import EARLIEST, LATEST

HOUR = timedelta(hours=1)
DEFAULT_SPAN = 24 * HOUR
LONGEST_SPAN = 31 * 24 * HOUR


@dataclass(frozen=True, slots=True)
class Account:
    """What became of accepted events, in events.

    Attributes:
        accepted: what the log took, by the account of a witness that the sink has no part in.
        counted: first writings that a meter counts.
        unmatched: first writings that no meter asks for: of another type, or before its `event_from`.
        invalid: first writings that a meter asks for and cannot read.
        duplicate: later writings of an identity with the first one's body.
        conflict: later writings with another body; they count for nothing.
        dead: in the dead letters.
        pending: on their way: not stored yet, or stored and waiting for a meter's backfill.
        astray: what is wrong record by record, a lack and a surplus both counted and never set off against each other.
    """

    accepted: int = 0
    counted: int = 0
    unmatched: int = 0
    invalid: int = 0
    duplicate: int = 0
    conflict: int = 0
    dead: int = 0
    pending: int = 0
    astray: int = 0

    @property
    def unexplained(self) -> int:
        """What is missing; negative when more was stored than accepted."""
        explained = self.counted + self.unmatched + self.invalid + self.duplicate + self.conflict
        return self.accepted - explained - self.dead - self.pending

    def __add__(self, other: "Account") -> "Account":
        return Account(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Account)))


@dataclass(frozen=True, slots=True)
class HourAccount:
    """The account of the events accepted in the hour that starts at `hour`."""

    hour: datetime
    account: Account


def total(hours: Iterable[HourAccount]) -> Account:
    return reduce(Account.__add__, (one.account for one in hours), Account())


def reported_period(from_: datetime | None, to: datetime | None, at: datetime) -> Period:
    """The whole hours that hold [from_, to); without bounds the last 24 hours, the open one included.

    Raises:
        InvalidInput: it is empty, longer than 31 days or outside the years we keep.
    """
    for name, bound in (("from", from_), ("to", to)):
        if bound is not None and not EARLIEST <= bound < LATEST - HOUR:
            raise _refused(name, "out_of_range", f"must lie in the years {EARLIEST.year} to {LATEST.year - 1}")
    end = _hour_end(at if to is None else to)
    start = _hour_start(max(end - DEFAULT_SPAN, EARLIEST) if from_ is None else from_)
    if (from_ or start) >= (to or end):
        raise _refused("to" if to else "from", "empty_period", "the period must end after it starts")
    if end - start > LONGEST_SPAN:
        raise _refused("from", "too_long", f"at most {LONGEST_SPAN.days} days")
    return Period(start, end)


def _hour_start(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hour_end(at: datetime) -> datetime:
    start = _hour_start(at)
    return start if start == at else start + HOUR


def _refused(name: str, code: str, message: str) -> InvalidInput:
    return InvalidInput("the period cannot be reported", [Problem(f"query:{name}", code, message)])
