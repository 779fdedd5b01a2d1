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
from meterhouse.catalog.price import Commitments, Tier, TieredPrice, TierMode, UnitPrice, UsagePrice
from meterhouse.catalog.unit_config import UnitConfig
from meterhouse.kernel.period import Period
from meterhouse.rating.conventions import Conventions, CutPeriod
from meterhouse.rating.rerun import reproduces
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
        self.workflow = Workflow()

    def bill(self, when: datetime) -> None:
        """What is begun and not billed, up to `when`; read a little later."""
        self.book(self.part(when), when)

    def part(self, when: datetime) -> Line:
        assert self.line is not None
        begun = under_way([self.line], when)
        part, self.line = parts_at(self.line, when, NOW) if begun else (self.line, None)
        return part

    def book(self, line: Line, when: datetime) -> None:
        families = Families([one for one in self.booked if one.id != line.id])
        quantities = {one.id: self.used(one, when) for one in families.readings([line])}
        done = families.rating(quantities)(line, quantities[line.id], self.workflow, NOW)
        changed = {one.id: one for one in (*families.given_up, done)}
        self.booked = [*(one for one in self.booked if one.id not in changed), *changed.values()]

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


@given(CUTS, st.lists(st.tuples(st.integers(0, 31 * 24 - 1), st.integers(0, 1_000))), st.data())
def test_a_part_that_is_given_up_before_it_is_rated_takes_no_more_than_its_own_usage_with_it(
    cuts: list[int], usage: list[tuple[int, int]], data: st.DataObject
) -> None:
    whole = january(UNIT)
    billed = Billed(whole, [(used, 0, Decimal(quantity)) for used, quantity in usage])
    drafts = [billed.part(billed.start + timedelta(hours=hours)) for hours in cuts]
    drafts.append(billed.part(JANUARY_ENDS))
    given_up = []
    for draft in data.draw(st.permutations(drafts)):
        if data.draw(st.booleans()):
            billed.book(draft, JANUARY_ENDS)
        else:
            billed.booked.append(draft)
            given_up.append(draft)
    key = part_key(whole.key, JANUARY_ENDS, is_metered=True)
    billed.book(replace(whole, id="late", key=key, whole_period=whole.service_period), JANUARY_ENDS)

    quantities = {line.id: line.quantity or Decimal(0) for line in billed.booked}
    assert all(quantity >= 0 for quantity in quantities.values())
    assert all(quantities[line.id] <= billed.used(line, JANUARY_ENDS) for line in given_up)
    in_all = sum(quantities.values(), Decimal(0))
    assert quantities["late"] == 0
    assert billed.totals == rated(whole, in_all, Workflow(), NOW).totals
    assert in_all == billed.used(whole, JANUARY_ENDS)


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
    assert readings == {f"{given_up.id}/own": Decimal(10), given_up.id: Decimal(10), rest.id: Decimal(17)}
    charged = families.rating(readings)(rest, Decimal(17), Workflow(), NOW)
    assert (charged.quantity, charged.quantity_before) == (Decimal(7), Decimal(10))


def three_parts() -> tuple[Billed, Line, Line, Line]:
    """60 units used by the first cut, 40 by the second, 50 by the end; none of them is rated."""
    billed = Billed(january(UNIT), [(24, 0, Decimal(60)), (288, 0, Decimal(40)), (528, 0, Decimal(50))])
    first, second = (billed.part(billed.start + timedelta(days=days)) for days in (10, 20))
    return billed, first, second, billed.part(JANUARY_ENDS)


def test_a_later_part_that_was_given_up_takes_nothing_of_an_earlier_one() -> None:
    billed, first, second, third = three_parts()
    billed.booked = [second]
    billed.book(first, JANUARY_ENDS)
    billed.book(third, JANUARY_ENDS)
    assert quantities_of(billed, first, second, third) == [60, 40, 50]


def test_an_earlier_part_that_was_given_up_gives_nothing_back_of_a_later_one_that_holds_its_usage() -> None:
    billed, first, second, third = three_parts()
    billed.book(second, JANUARY_ENDS)
    billed.booked.append(first)
    billed.book(third, JANUARY_ENDS)
    assert quantities_of(billed, first, second, third) == [0, 100, 50]


def test_usage_that_is_taken_back_after_it_was_billed_is_netted_off_the_next_part() -> None:
    billed = Billed(january(UNIT), [(24, 0, Decimal(100)), (252, 0, Decimal(-40)), (528, 0, Decimal(30))])
    for days in (10, 20):
        billed.bill(billed.start + timedelta(days=days))
    billed.bill(JANUARY_ENDS)
    assert [line.quantity for line in billed.booked] == [100, 0, -10]
    assert [line.totals.total for line in billed.booked] == [50, 0, -5]
    assert all(reproduces(line.trace or {}) for line in billed.booked)


def test_a_part_billed_again_gives_nothing_back_of_a_later_one_that_was_charged_in_a_dearer_tier() -> None:
    dearer = (Tier(Decimal(20), unit_amount=Decimal(0)), Tier(None, unit_amount=Decimal(1)))
    whole = january(TieredPrice(TierMode.GRADUATED, dearer))
    first_used, second_used = (0, 0, Decimal(20)), (240, 0, Decimal(30))
    billed = Billed(whole, [first_used, second_used])
    billed.bill(at("2024-01-10"))
    billed.bill(at("2024-01-20"))
    first, second = billed.booked
    assert [one.totals.charged for one in billed.booked] == [0, 30]

    # the first was voided, and what it charged for was taken back
    billed.booked, billed.events = [second], [second_used]
    billed.book(replace(first, quantity=None), JANUARY_ENDS)

    [_, again] = billed.booked
    assert again.id == first.id
    assert again.detailed == ()
    assert again.trace is not None
    assert reproduces(again.trace)
    billed.bill(JANUARY_ENDS)
    assert billed.totals == rated(whole, Decimal(30), Workflow(), NOW).totals


def test_a_part_that_was_given_up_takes_nothing_of_an_earlier_one_that_is_not_rated_yet() -> None:
    billed, first, second, third = three_parts()
    billed.booked = [second]
    billed.book(third, JANUARY_ENDS)
    billed.book(first, JANUARY_ENDS)
    assert quantities_of(billed, first, second, third) == [0, 40, 110]


def test_a_part_that_is_rated_again_after_its_period_was_cut_has_the_commitments_of_what_is_left() -> None:
    price = UnitPrice(Decimal(1), Commitments(minimum=Decimal(31)))
    billed = Billed(replace(january(price), is_prorated=True), [(24, 0, Decimal(5))])
    billed.workflow = Workflow(conventions=Conventions(commitments_of_a_cut_period=CutPeriod.PRORATED))
    first = billed.part(billed.start + timedelta(days=10))
    billed.book(first, JANUARY_ENDS)
    assert billed.line is not None
    left = Period(billed.start, billed.start + timedelta(days=19))
    rest = replace(billed.line, service_period=Period(first.service_period.end, left.end), whole_period=left)
    billed.book(replace(rest, is_terminal=True), JANUARY_ENDS)
    billed.book(replace(first, quantity=None), JANUARY_ENDS)
    assert [line.totals.total for line in billed.booked] == [14, 5]


def test_the_part_that_is_billed_while_its_period_goes_on_is_not_the_end_of_its_subscription() -> None:
    line = replace(january(UNIT), is_terminal=True)
    billed, rest = parts_at(line, line.service_period.start + timedelta(days=10), NOW)
    assert (billed.is_terminal, rest and rest.is_terminal) == (False, True)


def quantities_of(billed: Billed, *lines: Line) -> list[Decimal | None]:
    found = {line.id: line.quantity for line in billed.booked}
    return [found[line.id] for line in lines]


def test_a_price_by_the_whole_volume_is_not_divided() -> None:
    assert not is_divisible(january(VOLUME))
    assert is_divisible(january(UNIT))
