"""What a usage query covers in time, and which whole hours and days of it a rollup may answer for."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from meterhouse.metering.event import EARLIEST, LATEST, nearest_kept
from meterhouse.metering.usage import UsageQuery, WindowSize

HOUR = 3_600
DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_SAMPLE = timedelta(days=7)
_UTC = frozenset({"UTC", "Etc/UTC"})


@dataclass(frozen=True, slots=True)
class Whole:
    """Spans of `seconds` each that lie wholly in `[from_, to)`, Unix seconds, but for those that begin in `dirty`."""

    seconds: int
    from_: int
    to: int
    dirty: tuple[int, ...]

    @property
    def pays(self) -> bool:
        """Whether at least half of the spans are clean: else naming the dirty ones costs more than reading values."""
        return self.from_ < self.to and 2 * len(self.dirty) * self.seconds <= self.to - self.from_


@dataclass(frozen=True, slots=True)
class Span:
    """`[from_, to)` in microseconds since 1970."""

    from_: int
    to: int

    @property
    def cuts_an_hour(self) -> bool:
        return bool(self.from_ % (HOUR * _SECOND) or self.to % (HOUR * _SECOND))

    @property
    def hours(self) -> tuple[int, int]:
        """From the hour that holds the first instant to the end of the one that holds the last, Unix seconds."""
        return self.from_ // _SECOND // HOUR * HOUR, -(-self.to // (_SECOND * HOUR)) * HOUR

    def whole(self, seconds: int, dirty: Iterable[int]) -> Whole:
        """The spans of `seconds` that lie wholly inside; a dirty hour makes the span that holds it dirty."""
        start = -(-self.from_ // (_SECOND * seconds)) * seconds
        end = max(start, self.to // _SECOND // seconds * seconds)
        inside = {hour - hour % seconds for hour in dirty}
        return Whole(seconds, start, end, tuple(sorted(at for at in inside if start <= at < end)))


def span(query: UsageQuery) -> Span:
    """What the query covers, within the instants that an event may have."""
    start = max(query.start or EARLIEST, EARLIEST)
    return Span(_microseconds(start), _microseconds(max(start, min(query.to or LATEST, LATEST))))


def rollups(query: UsageQuery, dirty: Collection[int]) -> list[Whole]:
    """Which rollups answer, the coarser first; `dirty` holds the hours (Unix seconds) that no rollup knows well."""
    covered = span(query)
    whole = [covered.whole(seconds, [*dirty, *_split(query, seconds)]) for seconds in _usable(query)]
    return [spans for spans in whole if spans.pays]


def reads_rollups(query: UsageQuery) -> bool:
    return bool(rollups(query, ()))


def _split(query: UsageQuery, seconds: int) -> Iterator[int]:
    """Instants (Unix seconds) in spans that no rollup answers for: they are cut, or hold an event that is left out."""
    cuts = (_microseconds(at) // _SECOND for at in query.cuts)
    yield from (at for at in cuts if at % seconds)
    yield from (_microseconds(event.time) // _SECOND for event in query.without)


def _usable(query: UsageQuery) -> list[int]:
    """Lengths of spans that straddle neither a window nor the cutoff of the query."""
    if query.accepted_before is not None:
        return []
    match query.window:
        case None:
            return [DAY, HOUR]
        case WindowSize.MINUTE:
            return []
    if query.window is not WindowSize.HOUR and query.time_zone.key in _UTC:
        return [DAY, HOUR]
    first, last = nearest_kept(query.start or EARLIEST), nearest_kept(query.to or LATEST)
    return [HOUR] if _has_whole_hours(query.time_zone.key, first.year, last.year) else []


@lru_cache(maxsize=1024)
def _has_whole_hours(zone: str, first_year: int, last_year: int) -> bool:
    """Whether the zone differs from UTC by whole hours throughout these years, so that windows begin where hours do."""
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    info = ZoneInfo(zone)
    while at < end:
        if (info.utcoffset(at.astimezone(info)) or timedelta()) % timedelta(hours=1):
            return False
        at += _SAMPLE
    return True


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
