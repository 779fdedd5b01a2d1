"""The use case of a usage query: names become meters, customers and subjects; then the usage store answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from meterhouse.kernel.errors import NotFound, Problems
from meterhouse.metering.directory import Directory
from meterhouse.metering.event import nearest_kept
from meterhouse.metering.filter import Filter
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageQuery, UsageRow, WindowSize, check_query

MOST_ROWS = 20_000
"""Of one answer: a Lambda answers with 6 MB at the most."""
_LATEST_VALUES = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class UsageAsked:
    """A usage query as a caller words it: customers by id, the zone by name."""

    from_: datetime | None = None
    to: datetime | None = None
    window: WindowSize | None = None
    time_zone: str = "UTC"
    subjects: tuple[str, ...] | None = None
    customer_ids: tuple[str, ...] | None = None
    group_by: tuple[str, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[str, ...]:
        """Filtering by subjects or customers groups by them, too: it tells whose the numbers are."""
        named = [*self.group_by]
        named += [SUBJECT] if self.subjects else []
        named += [CUSTOMER] if self.customer_ids else []
        return tuple(dict.fromkeys(named))


class Usage(Protocol):
    def query(self, namespace: str, query: UsageQuery) -> list[UsageRow]: ...

    def subjects(self, namespace: str, query: UsageQuery) -> list[str]: ...

    def group_by_values(self, namespace: str, query: UsageQuery) -> list[str]: ...


class QueryUsage:
    def __init__(self, directory: Directory, usage: Usage, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._usage = usage
        self._now = now

    def __call__(self, namespace: str, meter: str, asked: UsageAsked) -> list[UsageRow]:
        """The rows that were asked for.

        Raises:
            NotFound: no such meter.
            InvalidInput: an unknown zone, customer or group, an empty period, too many windows; all faults are listed.
            Unprocessable: more than `MOST_ROWS` rows.
        """
        return self._usage.query(namespace, self.query_of(namespace, meter, asked))

    def subjects(self, namespace: str, meter: str, from_: datetime | None, to: datetime | None) -> list[str]:
        """Who used the meter in the period."""
        asked = UsageAsked(from_=from_, to=to, group_by=("subject",))
        return self._usage.subjects(namespace, self.query_of(namespace, meter, asked))

    def group_by_values(
        self, namespace: str, meter: str, key: str, from_: datetime | None, to: datetime | None
    ) -> list[str]:
        """The values of a group-by key in the period; in the last 24 hours where no `from_` is given."""
        if key not in self._directory.meter(namespace, meter).group_by:
            raise NotFound("group-by key", key)
        if from_ is None:
            end = nearest_kept(to or self._now())
            from_, to = end - _LATEST_VALUES, to and end
        asked = UsageAsked(from_=from_, to=to, group_by=(key,))
        return self._usage.group_by_values(namespace, self.query_of(namespace, meter, asked))

    def query_of(self, namespace: str, meter: str, asked: UsageAsked) -> UsageQuery:
        """What is asked, by meter, subjects and zone; raises as asking does."""
        found = self._directory.meter(namespace, meter)
        customers = None
        if asked.customer_ids is not None:
            customers = self._directory.subjects_of(namespace, asked.customer_ids, "/filterCustomerId")
        problems = Problems()
        query = UsageQuery(
            meter=found,
            from_=asked.from_,
            to=asked.to,
            window=asked.window,
            time_zone=_zone(asked.time_zone, problems),
            subjects=asked.subjects,
            customers=customers,
            group_by=asked.groups,
            filters=asked.filters,
            most_rows=MOST_ROWS,
        )
        check_query(query, problems)
        problems.raise_if_any("the usage query cannot be answered")
        return query


def _zone(name: str, problems: Problems) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        problems.add("/windowTimeZone", "unknown_time_zone", f"{name!r} is no IANA time zone")
        return ZoneInfo("UTC")
