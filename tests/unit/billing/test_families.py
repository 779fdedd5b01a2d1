"""Usage of one period on several lines: whatever is billed when, it comes to what one line would."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.collection import rated
from meterhouse.billing.families import Families
from meterhouse.billing.invoice import NOTHING, Line
from meterhouse.billing.line_keys import part_key
from meterhouse.billing.profile import Workflow
from meterhouse.billing.split import is_divisible, parts_at, under_way
from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.price import Tier, TieredPrice, TierMode, UnitPrice, UsagePrice
from meterhouse.catalog.unit_config import UnitConfig
from tests.unit.billing.samples import NOW, metered, pending
from tests.unit.rating import anything
from tests.unit.subscriptions.samples import at

JANUARY_ENDS = at("2024-02-01")
USAGE = st.lists(
    st.tuples(st.integers(0, 31 * 24 - 1), st.integers(0, 31 * 48), st.decimals(-50, 2_000, places=2)), max_size=8
)
"""When it was used and when it came, in hours of January and after, and how much it was."""
UNIT = UnitPrice(Decimal("0.5"))
VOLUME = TieredPrice(TierMode.VOLUME, (Tier(None, unit_amount=Decimal(1)),))
CUTS = st.lists(st.integers(1, 31 * 24 - 1), max_size=4, unique=True).map(sorted)


class Billed:
    """One line of usage, billed in parts of it, with whatever usage has come by then."""

    def __init__(self, line: Line, events: Sequence[tuple[int, int, Decimal]]) -> None:
        self.line: Line | None = line
        self.start = line.service_period.start
        self.events = events
        self.booked: list[Line] = []

    def bill(self, when: datetime) -> None:
        """What is begun and not billed, up to `when`; read a little later."""
        assert self.line is not None
        begun = under_way([self.line], when)
        part, self.line = parts_at(self.line, when, NOW) if begun else (self.line, None)
        self.book(part, when)

    def book(self, line: Line, when: datetime) -> None:
        families = Families([one for one in self.booked if one.id != line.id])
        [reading] = [one for one in families.readings([line]) if one.id == line.id]
        quantity = self.used(reading, when)
        done = families.rate(line, quantity, Workflow(), NOW)
        self.booked = [*(one for one in self.booked if one.id != line.id), done]

    def used(self, line: Line, when: datetime) -> Decimal:
        came = (when - self.start) / timedelta(hours=1)
        inside = line.service_period
        known = [
            quantity
            for used, later, quantity in self.events
            if inside.contains(self.start + timedelta(hours=used)) and used + later <= came
        ]
        return sum(known, start=Decimal(0))

    @property
    def totals(self) -> object:
        return sum((line.totals for line in self.booked), start=NOTHING)


def january(price: UsagePrice, discounts: Discounts = UNDISCOUNTED, unit_config: UnitConfig | None = None) -> Line:
    card = replace(metered(price=price), discounts=discounts, unit_config=unit_config)
    return next(line for line in pending(card) if line.service_period.end == JANUARY_ENDS)


@given(anything.usage_prices(), anything.discounts, st.none() | anything.unit_configs, CUTS, USAGE, st.data())
def test_parts_and_what_came_late_come_to_what_one_line_would(
    price: UsagePrice,
    discounts: Discounts,
    unit_config: UnitConfig | None,
    cuts: list[int],
    events: list[tuple[int, int, Decimal]],
    data: st.DataObject,
) -> None:
    whole = january(price, discounts, unit_config)
    billed = Billed(whole, events)
    for hours in cuts:
        billed.bill(billed.start + timedelta(hours=hours))
    billed.bill(JANUARY_ENDS)
    again = data.draw(st.lists(st.sampled_from(billed.booked), max_size=2))
    for number, line in enumerate(again):
        billed.book(replace(line, quantity=None), JANUARY_ENDS + timedelta(days=number))
    end = JANUARY_ENDS + timedelta(days=70)
    late = replace(whole, id="late", key=part_key(whole.key, end, is_metered=True), whole_period=whole.service_period)
    billed.book(late, end)

    at_once = rated(whole, billed.used(whole, end), Workflow(), NOW)
    assert billed.totals == at_once.totals
    assert sum((line.quantity or Decimal(0) for line in billed.booked), start=Decimal(0)) == at_once.quantity


def test_each_part_shows_what_was_charged_before_it() -> None:
    billed = Billed(january(UNIT), [(24, 0, Decimal(10)), (48, 0, Decimal(7)), (24, 72, Decimal(1))])
    for day in (2, 10):
        billed.bill(billed.start + timedelta(days=day - 1, hours=1))
    billed.bill(JANUARY_ENDS)
    shown = [(line.quantity, line.quantity_before) for line in billed.booked]
    assert shown == [(Decimal(10), Decimal(0)), (Decimal(8), Decimal(10)), (Decimal(0), Decimal(18))]
    first, second, third = (line.key for line in billed.booked)
    assert second == f"{first}/split[2024-01-02T01:00:00Z]"
    assert third == f"{first}/split[2024-01-10T01:00:00Z]"


def test_a_part_that_was_given_up_before_it_was_rated_is_never_charged() -> None:
    billed = Billed(january(UNIT), [(24, 0, Decimal(10)), (240, 0, Decimal(7))])
    given_up, rest = parts_at(january(UNIT), billed.start + timedelta(days=5), NOW)
    assert rest is not None
    families = Families([given_up])
    readings = {one.id: billed.used(one, JANUARY_ENDS) for one in families.readings([rest])}
    assert readings == {given_up.id: Decimal(10), rest.id: Decimal(17)}
    charged = families.rating(readings)(rest, Decimal(17), Workflow(), NOW)
    assert (charged.quantity, charged.quantity_before) == (Decimal(7), Decimal(10))


def test_a_price_by_the_whole_volume_is_not_divided() -> None:
    assert not is_divisible(january(VOLUME))
    assert is_divisible(january(UNIT))
