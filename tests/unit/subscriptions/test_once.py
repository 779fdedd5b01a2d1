"""What is charged once is charged once: whatever the quantities over time, the phases and the words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.entitlement_template import BooleanTemplate
from meterhouse.catalog.price import Commitments, FlatPrice, PaymentTerm, UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.subscriptions.addon import Quantity, SubscriptionAddon
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionPhase
from meterhouse.subscriptions.spec import item_of
from meterhouse.subscriptions.target import TargetLine, target_lines
from tests.unit.subscriptions.samples import at, bought, fee, phase, subscription, usage

START = at("2024-01-01")
DAYS = [START + timedelta(days=day) for day in range(1, 60)]
TERMS = st.sampled_from(PaymentTerm)
QUANTITIES = st.dictionaries(st.sampled_from(DAYS), st.integers(0, 4), min_size=1, max_size=6)
WORDS: list[Mapping[str, object]] = [{"name": "Other"}, {"description": "other"}, {"metadata": {"a": "b"}}]
EDITS = st.dictionaries(st.sampled_from(DAYS), st.sampled_from(WORDS), max_size=4)
AMOUNTS = st.sampled_from(["10", "10", "50", "0.1"])


def setup(amount: str, term: PaymentTerm = PaymentTerm.IN_ADVANCE) -> RateCard:
    return fee("setup", amount, cadence=None, term=term)


def charges(made: Subscription, *addons: SubscriptionAddon) -> list[tuple[str, datetime, object]]:
    """Of each line charged once what is due and from when on, in order of time."""
    lines = _charged_once(replace(made, addons=addons))
    return [(line.key.split("/", 1)[1], line.service_period.start, _amount(line)) for line in lines]


def test_each_more_of_an_add_on_is_charged_though_it_costs_what_the_one_before_did() -> None:
    addon = bought(setup("10"), d2024_01_02=1, d2024_01_05=2, d2024_01_09=3)

    assert charges(subscription("2024-01-01", [fee()]), addon) == [
        ("default/setup/v[0]/period[0]", at("2024-01-02"), 10),
        ("default/setup/v[1]/period[0]", at("2024-01-05"), 10),
        ("default/setup/v[2]/period[0]", at("2024-01-09"), 10),
    ]


def test_an_add_on_that_costs_what_the_plan_does_is_charged_beside_it() -> None:
    made = subscription("2024-01-01", [setup("10")])

    assert [amount for *_, amount in charges(made, bought(setup("10"), d2024_01_05=1))] == [10, 10]


def test_a_fee_is_not_charged_again_in_a_later_phase() -> None:
    made = subscription("2024-01-01", phases=[phase("trial", "P10D"), phase("paid", None)])

    assert charges(made, bought(setup("10"), d2024_01_02=1)) == [("trial/setup/v[0]/period[0]", at("2024-01-02"), 10)]


def test_the_plans_own_fee_is_charged_in_each_of_its_phases() -> None:
    made = subscription("2024-01-01", phases=[phase("trial", "P10D", setup("5")), phase("paid", None, setup("5"))])

    assert [amount for *_, amount in charges(made, bought(setup("10"), d2024_01_02=1))] == [5, 10, 5]


def test_fewer_and_more_again_costs_nothing_until_there_are_more_than_ever() -> None:
    made = subscription("2024-01-01", [setup("100")])
    again = bought(setup("50"), d2024_01_02=2, d2024_01_05=1, d2024_01_09=2, d2024_01_12=0, d2024_01_15=3)

    assert [amount for *_, amount in charges(made, again)] == [100, 100, 50]
    assert [amount for *_, amount in charges(subscription("2024-01-01", [fee()]), again)] == [100, 50]


def test_two_add_ons_are_charged_each_though_one_takes_the_place_of_the_other() -> None:
    one = bought(setup("10"), addon_id="one", d2024_01_02=1, d2024_01_05=0)
    other = bought(setup("10"), addon_id="other", d2024_01_05=1)

    assert [amount for *_, amount in charges(subscription("2024-01-01", [fee()]), one, other)] == [10, 10]


def test_an_add_on_makes_nothing_due_that_is_charged_in_arrears() -> None:
    made = subscription("2024-01-01", [setup("50", PaymentTerm.IN_ARREARS)])
    addon = bought(setup("10", PaymentTerm.IN_ARREARS), d2024_01_06=1)

    assert charges(made, addon) == []
    ended = replace(made, active_to=at("2024-01-20"))
    assert charges(ended, addon) == [("default/setup/v[1]/period[0]", at("2024-01-06"), 60)]


def test_in_arrears_a_fee_is_due_when_there_is_less_of_the_add_on_and_never_twice() -> None:
    made = subscription("2024-01-01", [fee()], end="2024-02-01")
    addon = bought(
        setup("10", PaymentTerm.IN_ARREARS), d2024_01_02=3, d2024_01_05=1, d2024_01_09=3, d2024_01_12=2, d2024_01_20=5
    )

    assert charges(made, addon) == [
        ("default/setup/v[0]/period[0]", at("2024-01-02"), 20),
        ("default/setup/v[4]/period[0]", at("2024-01-20"), 30),
    ]


def test_in_arrears_a_quantity_that_would_change_after_the_end_takes_no_fee_with_it() -> None:
    made = subscription("2024-01-01", [setup("50", PaymentTerm.IN_ARREARS)], end="2024-01-20")
    addon = bought(setup("10", PaymentTerm.IN_ARREARS), d2024_01_06=1, d2024_02_01=2)

    assert [amount for *_, amount in charges(made, addon)] == [60]


@pytest.mark.parametrize("words", [*WORDS, {"entitlement": BooleanTemplate()}])
def test_other_words_charge_nothing_again(words: Mapping[str, object]) -> None:
    made = subscription("2024-01-01", [setup("10")])

    assert [amount for *_, amount in charges(_edited(made, {at("2024-01-05"): words}))] == [10]


def test_another_description_makes_no_other_line_so_that_a_minimum_counts_once() -> None:
    priced = replace(usage(), price=UnitPrice(Decimal(1), commitments=Commitments(Decimal(100))))
    made = subscription("2024-01-01", [priced])
    edited = _edited(made, {at("2024-01-05"): {"description": "other"}, at("2024-01-09"): {"metadata": {"a": "b"}}})

    assert target_lines(edited, at("2024-03-01")) == target_lines(made, at("2024-03-01"))


def test_another_name_is_on_the_lines_of_what_recurs() -> None:
    made = _edited(subscription("2024-01-01", [fee("setup")]), {at("2024-02-01"): {"name": "Other"}})

    assert [line.name for line in target_lines(made, at("2024-02-15"))] == ["Setup", "Other", "Other"]


def test_another_name_in_the_middle_of_a_period_is_on_its_line_and_a_minimum_counts_once() -> None:
    priced = replace(usage(), price=UnitPrice(Decimal(1), commitments=Commitments(Decimal(100))))
    made = _edited(subscription("2024-01-01", [priced]), {at("2024-01-15"): {"name": "Other"}})

    [january] = target_lines(made, at("2024-01-20"))
    assert (january.name, january.service_period.start, january.service_period.end) == (
        "Other",
        at("2024-01-01"),
        at("2024-02-01"),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[Subscription, Decimal]:
    """A subscription in up to three phases that ends, words that change, add-ons; and the plan's own fees in all."""
    term, own = draw(TERMS), draw(AMOUNTS)
    terms = [("one", "P10D"), ("two", "P20D"), ("three", None)][draw(st.integers(0, 2)) :]
    phases = [phase(key, length, fee(), *([setup(own, term)] if draw(st.booleans()) else [])) for key, length in terms]
    base = replace(subscription("2024-01-01", phases=phases), active_to=draw(st.sampled_from(DAYS)))
    addons = []
    for number in range(draw(st.integers(0, 3))):
        timeline = tuple(Quantity(day, quantity) for day, quantity in sorted(draw(QUANTITIES).items()))
        addon = bought(setup(draw(AMOUNTS), term), addon_id=f"addon{number}", d2024_01_01=0)
        addons.append(replace(addon, quantities=timeline))
    charging = [one for one in base.effective_phases() if any(item.key == "setup" for item in one.items)]
    edited = _edited(base, draw(EDITS))
    return replace(edited, addons=tuple(addons)), Decimal(own) * len(charging)


@given(histories())
def test_all_that_is_charged_once_is_the_highest_quantity_ever_and_the_plans_own(
    history: tuple[Subscription, Decimal],
) -> None:
    made, own = history
    due = sum((_most(addon, made) * _fee(addon) for addon in made.addons), own)

    lines = _charged_once(made)

    assert sum(_amount(line) for line in lines) == due
    assert len({line.key for line in lines}) == len(lines)


@given(histories(), st.sampled_from(DAYS), st.integers(0, 4))
def test_what_is_due_by_an_instant_stays_whatever_the_quantity_is_from_then_on(
    history: tuple[Subscription, Decimal], now: datetime, quantity: int
) -> None:
    made, _ = history
    if not made.addons or made.active_to is None or now >= made.active_to:
        return
    addons = (made.addons[0].of_quantity(quantity, now, now), *made.addons[1:])

    after = _due_before(now, replace(made, addons=addons))

    assert after == _due_before(now, made)


def _due_before(now: datetime, made: Subscription) -> list[tuple[str, Decimal]]:
    """In advance what began before, in arrears what ended."""
    lines = _charged_once(made)
    edges = [line.service_period.start if line.rate_card.is_in_advance else line.service_period.end for line in lines]
    return [(line.key, _amount(line)) for line, edge in zip(lines, edges, strict=True) if edge < now]


def _edited(made: Subscription, words: Mapping[datetime, Mapping[str, object]]) -> Subscription:
    """The subscription with other words on its item "setup", or "usage", from these instants on."""
    return replace(made, phases=tuple(_edited_phase(made.id, one, words) for one in made.phases))


def _edited_phase(
    subscription_id: str, old: SubscriptionPhase, words: Mapping[datetime, Mapping[str, object]]
) -> SubscriptionPhase:
    items = list(old.items)
    for instant, change in sorted(words.items(), key=lambda one: one[0]):
        last = next((item for item in reversed(items) if item.key in {"setup", "usage"}), None)
        if last is None or not old.span.contains(instant) or instant == old.active_from:
            continue
        items[items.index(last)] = replace(last, active_to=instant)
        card = replace(last.rate_card, **change)  # type: ignore[arg-type]
        items.append(item_of(subscription_id, old, card, instant, last.version + 1))
    return replace(old, items=tuple(items))


def _charged_once(made: Subscription) -> Sequence[TargetLine]:
    lines = [line for line in target_lines(made, at("2025-01-01")) if line.rate_card.billing_cadence is None]
    return sorted(lines, key=lambda line: line.service_period.start)


def _amount(line: TargetLine) -> Decimal:
    assert isinstance(line.rate_card.price, FlatPrice)
    return line.rate_card.price.amount


def _fee(addon: SubscriptionAddon) -> Decimal:
    price = addon.cards[0].rate_card.price
    assert isinstance(price, FlatPrice)
    return price.amount


def _most(addon: SubscriptionAddon, made: Subscription) -> int:
    assert made.active_to is not None
    return max((one.quantity for one in addon.quantities if one.active_from < made.active_to), default=0)
