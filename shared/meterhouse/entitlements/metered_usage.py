"""What a burn-down asks of a meter, and what it makes of the answer. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from meterhouse.entitlements.balance import Balance, opening
from meterhouse.entitlements.bearing import ZERO
from meterhouse.entitlements.burn_down import BurnDown, Stretch, Usage, burn_down, stretches
from meterhouse.entitlements.reservation import event_ids
from meterhouse.entitlements.standing import RESERVATION_SOURCE, Metered
from meterhouse.entitlements.usage_period import Reset, UsagePeriods
from meterhouse.kernel.rounding import EXACT
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.usage import LeftOut, UsageQuery, UsageRow


@dataclass(frozen=True)
class MeteredRun:
    """A burn-down with a stop at each of `stops`, whole minutes in order, that is yet to be told the usage.

    Attributes:
        marks: instants at which stretches are cut besides.
    """

    metered: Metered
    periods: UsagePeriods
    stops: Sequence[datetime]
    marks: Sequence[datetime] = ()

    @cached_property
    def start(self) -> Balance:
        """Where it begins: at the snapshot, or where measuring began."""
        snapshot = self.metered.snapshot
        return opening(self.metered.grants, self.periods.measured_from) if snapshot is None else snapshot

    @property
    def is_gauge(self) -> bool:
        return self.metered.meter.aggregation is Aggregation.LATEST

    @cached_property
    def query(self) -> UsageQuery | None:
        """The one question; None where there is nothing between the start and the last stop."""
        parts = self.stretches
        if not parts:
            return None
        periods = sorted({part.period_start for part in parts}) if self._counts_texts else []
        starts = [part.start for part in parts]
        if periods and periods[0] < starts[0]:
            # what was told apart in the period before the start is not told apart anew
            starts = [periods[0], *starts]
        return UsageQuery(
            self.metered.meter,
            from_=starts[0],
            to=parts[-1].end,
            cuts=tuple(starts[1:]),
            periods=tuple(periods),
            without=tuple(self._on_their_way(parts)),
            subjects=self.metered.subjects,
            filters=self.metered.filters,
        )

    def usage(self, rows: Iterable[UsageRow]) -> Usage:
        """What was used in each stretch, by the answer to `query`."""
        amounts = {row.window_start: row.value for row in rows}
        if self._counts_texts:
            amounts = dict(self._increases(amounts))
        starts = [part.start for part in self.stretches]
        for settled in self.metered.settled:
            number = bisect_right(starts, settled.at) - 1
            if number >= 0 and settled.at < self.stretches[-1].end:
                amounts[starts[number]] = EXACT.add(amounts.get(starts[number], ZERO), settled.amount)

        def usage(stretch: Stretch) -> Decimal | None:
            return amounts.get(stretch.start)

        return usage

    def balances(self, usage: Usage) -> list[Balance]:
        """What is left at each stop."""
        return [run.balance for run in self._runs(usage)]

    def resets(self, after: datetime, until: datetime) -> list[Reset]:
        return list(self.periods.resets(after, until))

    def _runs(self, usage: Usage) -> Iterator[BurnDown]:
        at = self.start
        for stop in self.stops:
            resets = self.resets(at.at, stop)
            run = burn_down(at, self.metered.grants, resets, stop, usage, is_gauge=self.is_gauge)
            yield run
            at = run.balance

    @cached_property
    def stretches(self) -> list[Stretch]:
        found: list[Stretch] = []
        at = self.start
        for stop in self.stops:
            found += stretches(at, self.metered.grants, self.resets(at.at, stop), stop, self.marks)
            at = Balance(stop, self.periods.at(stop).start)
        return found

    @property
    def _counts_texts(self) -> bool:
        return self.metered.meter.aggregation is Aggregation.UNIQUE_COUNT

    def _on_their_way(self, parts: Sequence[Stretch]) -> Iterator[LeftOut]:
        """Events that count already as settled, wherever they are by now."""
        for settled in self.metered.settled:
            if parts[0].start <= settled.at < parts[-1].end:
                for event_id in event_ids(settled.id, self.metered.meter.aggregation, settled.amount):
                    yield LeftOut(RESERVATION_SOURCE, event_id, settled.at)

    def _increases(self, counts: dict[datetime, Decimal]) -> Iterator[tuple[datetime, Decimal]]:
        """By how much each part's count exceeds that of the part before it in the same period."""
        if self.query is None or self.query.from_ is None:
            return
        known = ZERO
        for start in (self.query.from_, *self.query.cuts):
            before = ZERO if start in self.query.periods else known
            known = counts.get(start, before)
            yield start, EXACT.subtract(known, before)
