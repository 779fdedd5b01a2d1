"""Which events a part charges for: whatever is late or billed again, their sum is its quantity; none is taken back."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.billing.families import Families
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.profile import Workflow
from meterhouse.billing.reading import reading_of
from meterhouse.kernel.period import Period
from meterhouse.metering.counted_events import CountedEvent, CountedPlace
from tests.unit.billing.samples import draft, metered

DRAFT = draft(metered())
[USAGE] = DRAFT.lines
WHOLE = USAGE.service_period
HOURS = (WHOLE.end - WHOLE.start) // timedelta(hours=1)
MINUTE = timedelta(minutes=1)
EVENTS = st.lists(st.tuples(st.integers(0, HOURS - 1), st.integers(0, HOURS), st.integers(0, 99)), max_size=8)
CUTS = st.lists(st.integers(1, HOURS // 2).map(lambda half: 2 * half - 1), max_size=4, unique=True).map(sorted)


@dataclass
class Parts:
    """Lines of one whole period with the invoices they are on; `rate` reads what is stored by an instant."""

    events: list[CountedEvent]
    rated: list[tuple[Invoice, Line]] = field(default_factory=list)

    def rate(self, line: Line, at: datetime) -> None:
        families = Families([one for _, one in self.rated if one.is_live])
        [reading] = families.readings([line])
        inside = [one for one in self.events if reading.service_period.contains(one.time) and one.stored_at <= at]
        done = families.rate(line, value_of(inside), Workflow(), at)
        self.rated.append((replace(DRAFT, quantity_snapshotted_at=at), done))

    def void(self, number: int, at: datetime) -> Line:
        """The line to be billed again."""
        invoice, line = self.rated[number]
        self.rated[number] = replace(invoice, voided_at=at), replace(line, is_live=False)
        return replace(line, id=f"{line.id} again", revision=1, quantity=None, quantity_before=Decimal(0))


def after(hours: int) -> datetime:
    return WHOLE.start + timedelta(hours=hours)


def value_of(events: list[CountedEvent]) -> Decimal:
    return sum((one.value or Decimal(0) for one in events), start=Decimal(0))


def event(number: int, used: int, delay: int, value: int) -> CountedEvent:
    time, stored = after(used), after(used + delay)
    return CountedEvent(CountedPlace("ann", time, "test", f"{number}"), time, Decimal(value), (), stored, stored)


@given(CUTS, EVENTS, st.data())
@settings(max_examples=100)
def test_the_events_of_each_part_sum_to_what_it_charges_for(
    cuts: list[int], events: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    parts = Parts([event(number, *one) for number, one in enumerate(events)])
    edges = [0, *cuts, HOURS]
    for number, (start, end) in enumerate(pairwise(edges)):
        key = f"{USAGE.key}/split[{number}]" if number else USAGE.key
        period = Period(after(start), after(end))
        part = replace(USAGE, id=f"{number}", key=key, service_period=period, whole_period=WHOLE)
        parts.rate(part, after(end + 1))
        if data.draw(st.booleans()):
            live = [place for place, (_, one) in enumerate(parts.rated) if one.is_live]
            again = parts.void(data.draw(st.sampled_from(live)), after(end + 1) + MINUTE)
            parts.rate(again, after(end + 1) + 2 * MINUTE)
    for invoice, line in parts.rated:
        others = [one for one in parts.rated if one[1].id != line.id]
        reading = reading_of(invoice, line, others)
        assert value_of([one for one in parts.events if reading.counts(one)]) == line.quantity
