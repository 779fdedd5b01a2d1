"""What is asked of a meter, and the rows of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from meterhouse.kernel.errors import Problems
from meterhouse.metering.filter import Filter
from meterhouse.metering.model import Meter

SUBJECT = "subject"
CUSTOMER = "customer_id"


class WindowSize(StrEnum):
    """Days and months are those of a calendar in some zone: a day may have 23 or 25 hours."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"

    @property
    def length(self) -> timedelta:
        """How long a window is at the least, but for hours that a change of clocks takes."""
        return _LENGTHS[self]

    def end(self, start: datetime, zone: ZoneInfo) -> datetime:
        """The end of the window that begins at `start`; days and months end at midnight in `zone`."""
        match self:
            case WindowSize.MINUTE:
                return start + timedelta(minutes=1)
            case WindowSize.HOUR:
                return start + timedelta(hours=1)
        local = start.astimezone(zone).date()
        if self is WindowSize.DAY:
            following = local + timedelta(days=1)
        else:
            following = (local.replace(day=1) + timedelta(days=32)).replace(day=1)
        return datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)


_LENGTHS = {
    WindowSize.MINUTE: timedelta(minutes=1),
    WindowSize.HOUR: timedelta(hours=1),
    WindowSize.DAY: timedelta(days=1),
    WindowSize.MONTH: timedelta(days=28),
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An event that a query is not to count.

    Attributes:
        time: when its usage occurred.
        subjects: only as an event of one of them; None: whosever it is.
    """

    source: str
    id: str
    time: datetime
    subjects: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Usage of a meter in `[from_, to)`, two instants in whatever zones; None: from the first, to the last there is.

    Attributes:
        window: None: one row for the whole, per group. Windows are half-open as the period is.
        time_zone: whose calendar the windows are of; rows tell their bounds in UTC.
        cuts: whole minutes inside the period, in order: the answer has a row for each part between them that has
            usage. The period must be bounded by whole minutes, and there are neither windows nor groups.
        periods: some of `from_` and `cuts`, from which texts are told apart anew: a UNIQUE_COUNT of a part is that of
            all since the last of them. (): each part stands for itself.
        without: events that are left out.
        subjects: only theirs; None: everyone's.
        customers: customer ids by subject; where given, only these subjects count, and `customer_id` can be grouped by.
        group_by: names of the meter's group-by keys, `subject`, `customer_id`.
        steps: of group-by keys that hold whole numbers, in order: a row then tells the greatest step that its numbers
            exceed, and "" where they exceed none or are no numbers. The step -1 tells these two apart.
        filters: conditions on the meter's group-by keys; all must hold.
        accepted_before: leaves out events accepted at this instant or later; None: none. No redelivery moves it.
        most_rows: an answer with more rows is refused; None: none is.
    """

    meter: Meter
    from_: datetime | None = None
    to: datetime | None = None
    window: WindowSize | None = None
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    subjects: tuple[str, ...] | None = None
    customers: Mapping[str, str] | None = None
    group_by: tuple[str, ...] = ()
    steps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    accepted_before: datetime | None = None
    most_rows: int | None = None
    cuts: tuple[datetime, ...] = ()
    periods: tuple[datetime, ...] = ()
    without: tuple[LeftOut, ...] = ()

    @property
    def start(self) -> datetime | None:
        """Where counting starts: `from_`, or later where the meter begins later."""
        bounds = [at for at in (self.from_, self.meter.event_from) if at is not None]
        return max(bounds, default=None)

    @property
    def only(self) -> tuple[str, ...] | None:
        """The subjects that count; None: everyone's."""
        named = (self.subjects, None if self.customers is None else tuple(self.customers))
        given = [set(subjects) for subjects in named if subjects is not None]
        return tuple(sorted(set.intersection(*given))) if given else None


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Usage in `[window_start, window_end)`; `group_by` holds None where the events lack the property."""

    value: Decimal
    window_start: datetime
    window_end: datetime
    subject: str | None = None
    customer_id: str | None = None
    group_by: Mapping[str, str | None] = field(default_factory=dict)


def check_query(query: UsageQuery, problems: Problems) -> None:
    """Add a problem for each rule that the query breaks."""
    if query.from_ is not None and query.to is not None and query.from_ >= query.to:
        problems.add("/from", "empty_period", "from must be before to")
    _check_windows(query, problems)
    known = {*query.meter.group_by, SUBJECT, CUSTOMER}
    for index, name in enumerate(query.group_by):
        if name not in known:
            problems.add(f"/groupBy/{index}", "unknown_group_by", f"the meter does not group by {name!r}")
    if CUSTOMER in query.group_by and query.customers is None:
        problems.add("/groupBy", "customer_filter_required", "grouping by customer_id needs filterCustomerId")
    for name in query.filters:
        if name not in query.meter.group_by:
            pointer = f"/advancedMeterGroupByFilters/{name.replace('~', '~0').replace('/', '~1')}"
            problems.add(pointer, "unknown_group_by", f"the meter does not group by {name!r}")


def _check_windows(query: UsageQuery, problems: Problems) -> None:
    if query.window is None or query.from_ is None or query.to is None or query.most_rows is None:
        return
    windows = (query.to - query.from_) // query.window.length
    if windows > query.most_rows:
        message = (
            f"the period has {windows} windows of a {query.window.lower()}; at most {query.most_rows} can be asked for"
        )
        problems.add("/windowSize", "too_many_windows", message)
