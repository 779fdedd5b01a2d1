"""Items over time with add-ons laid over them; AD-06, AD-07 and AD-09 of the worked examples."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.entitlement_template import BooleanTemplate, MeteredTemplate
from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.kernel.period import share
from meterhouse.subscriptions.addon import Quantity, SubscriptionAddon
from meterhouse.subscriptions.included import included
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionItem
from meterhouse.subscriptions.spec import item_of
from meterhouse.subscriptions.target import target_lines
from tests.unit.subscriptions.samples import at, bought, card, fee, issuing, metered, phase, subscription

START = at("2024-01-01")
DAYS = [START + timedelta(days=day) for day in range(60)]


def with_addons(made: Subscription, *addons: SubscriptionAddon) -> Subscription:
    return replace(made, addons=addons)


def items(made: Subscription, key: str = "fee") -> Sequence[SubscriptionItem]:
    return [item for phase in made.effective_phases() for item in phase.items if item.key == key]


def prices(made: Subscription, key: str = "fee") -> list[tuple[int, datetime, object]]:
    """Version, begin and flat price of each item."""
    found = items(made, key)
    return [
        (item.version, item.active_from, item.rate_card.price.amount)
        for item in found
        if isinstance(item.rate_card.price, FlatPrice)
    ]


def issues(made: Subscription) -> list[Decimal | None]:
    return [
        item.rate_card.entitlement.issue_after_reset
        for item in items(made, "usage")
        if isinstance(item.rate_card.entitlement, MeteredTemplate)
    ]


def test_items_are_cut_where_the_quantity_changes_and_versions_count_up() -> None:
    made = with_addons(
        subscription("2024-01-01", [fee(amount="100")]), bought(fee(amount="50"), d2024_01_11=1, d2024_02_01=3)
    )

    assert prices(made) == [
        (0, START, 100),
        (1, at("2024-01-11"), 150),
        (2, at("2024-02-01"), 250),
    ]
    ends = [item.active_to for item in items(made)]
    assert ends == [at("2024-01-11"), at("2024-02-01"), None]


def test_ad_06_without_the_add_on_the_flat_price_is_what_it_was() -> None:
    base = subscription("2024-01-01", [fee(amount="90")])
    made = with_addons(base, bought(fee(amount="10"), d2024_01_01=1, d2024_02_01=0))

    assert prices(made) == [(0, START, 100), (1, at("2024-02-01"), 90)]


def test_ad_07_nothing_is_ever_subtracted_so_nothing_gets_below_zero() -> None:
    base = subscription("2024-01-01", [metered("50")])
    made = with_addons(base, bought(issuing("100"), d2024_01_11=1, d2024_02_01=0))

    assert issues(made) == [50, 150, 50]


def test_ad_09_a_flag_of_plan_and_add_on_stays_while_one_of_them_gives_it() -> None:
    flag = replace(fee("flag"), feature_key="flag", entitlement=BooleanTemplate())
    addon = bought(flag, d2024_01_11=1, d2024_02_01=0)

    [both] = included(with_addons(subscription("2024-01-01", [flag]), addon))
    [addon_alone] = included(with_addons(subscription("2024-01-01", [fee()]), addon))

    assert (both.active_from, both.active_to) == (START, None)
    assert (addon_alone.active_from, addon_alone.active_to) == (at("2024-01-11"), at("2024-02-01"))
    assert addon_alone.feature_id == "id of flag"
    unflagged = subscription("2024-01-01", [replace(flag, entitlement=None)])
    [later] = included(with_addons(unflagged, bought(replace(flag, price=None), d2024_01_11=1)))
    assert (later.active_from, later.active_to) == (at("2024-01-11"), None)


def test_items_that_no_add_on_touches_stay_as_they_are() -> None:
    base = subscription("2024-01-01", [fee(), metered()])
    made = with_addons(base, bought(fee(amount="1"), d2024_01_11=1))

    assert items(made, "usage") == items(base, "usage")
    assert items(with_addons(base, bought(fee("other"), d2024_01_11=0))) == items(base)


def test_the_first_item_keeps_its_id_and_the_others_get_their_own() -> None:
    base = subscription("2024-01-01", [fee()])
    made = with_addons(base, bought(fee(amount="1"), d2024_01_11=1))

    ids = [item.id for item in items(made)]
    assert ids[0] == base.items[0].id
    assert len(set(ids)) == 2


def test_a_card_that_the_plan_lacks_is_an_item_in_every_phase_while_there_is_of_it() -> None:
    base = subscription("2024-01-01", phases=[phase("trial", "P1M"), phase("paid", None)])
    made = with_addons(base, bought(fee("extra", "5"), d2024_01_11=2, d2024_02_11=0))

    assert prices(made, "extra") == [(0, at("2024-01-11"), 10), (0, at("2024-02-01"), 10)]
    assert [item.active_to for item in items(made, "extra")] == [at("2024-02-01"), at("2024-02-11")]


def test_two_add_ons_lie_over_each_other() -> None:
    base = subscription("2024-01-01", [fee(amount="100")])
    one = bought(fee(amount="10"), addon_id="one", d2024_01_11=1)
    other = bought(fee(amount="1"), addon_id="other", d2024_01_21=2, d2024_02_01=0)

    assert [amount for _, _, amount in prices(with_addons(base, one, other))] == [100, 110, 112, 110]


def test_a_price_with_an_add_on_on_it_goes_on_with_the_same_entitlement() -> None:
    base = subscription("2024-01-01", [issuing("50")])
    made = with_addons(base, bought(replace(fee("usage"), feature_key="usage"), d2024_01_11=1))

    assert len(items(made, "usage")) == 2
    assert [(spec.active_from, spec.active_to) for spec in included(made)] == [(START, None)]


def test_what_is_charged_once_is_charged_once_however_often_the_quantity_changes() -> None:
    base = subscription("2024-01-01", [fee("setup", "100", cadence=None)])
    addon = bought(fee("setup", "50", cadence=None), d2024_01_11=1, d2024_01_21=3, d2024_02_01=0)

    assert [amount for _, _, amount in prices(with_addons(base, addon), "setup")] == [100, 50, 100, 0]


def test_of_an_edited_item_the_past_stays_as_it_was_when_an_add_on_comes() -> None:
    base = subscription("2024-01-01", [fee(amount="100")])
    [only] = base.phases
    edited = item_of(base.id, only, fee(amount="200"), at("2024-01-11"), 1)
    before = replace(base.items[0], active_to=at("2024-01-11"))
    base = replace(base, phases=(replace(only, items=(before, edited)),))

    made = with_addons(base, bought(fee(amount="1"), d2024_01_21=1))

    assert items(made)[:1] == [before]
    assert (items(made)[1].id, items(made)[1].version) == (edited.id, 1)
    assert prices(made) == [(0, START, 100), (1, at("2024-01-11"), 200), (2, at("2024-01-21"), 201)]


def test_a_quantity_that_changes_within_a_period_is_charged_by_exact_shares() -> None:
    base = subscription("2024-01-01", [fee(amount="31", term=PaymentTerm.IN_ARREARS)])
    made = with_addons(base, bought(fee(amount="62"), d2024_01_11=1, d2024_01_21=2))

    lines = target_lines(made, at("2024-01-15"))

    charged = [
        share(line.service_period, line.full_service_period) * Fraction(line.rate_card.price.amount)
        for line in target_lines(made, at("2024-01-31"))
        if isinstance(line.rate_card.price, FlatPrice)
    ]
    assert charged == [10, 30, 55]
    assert [line.key.split("/", 1)[1] for line in lines] == ["default/fee/v[0]/period[0]", "default/fee/v[1]/period[0]"]


def test_other_units_included_make_no_other_line_so_that_tiers_and_minimums_count_once() -> None:
    base = subscription("2024-01-01", [metered("50")])
    made = with_addons(base, bought(issuing("100"), d2024_01_11=1, d2024_01_21=0))

    assert len(items(made, "usage")) == 3
    assert target_lines(made, at("2024-03-15")) == target_lines(base, at("2024-03-15"))


def test_in_advance_too_each_part_of_the_period_is_charged_by_its_share() -> None:
    base = subscription("2024-01-01", [fee(amount="31")])
    made = with_addons(base, bought(fee(amount="62"), d2024_01_11=1))

    first, second, *_ = target_lines(made, at("2024-01-15"))

    assert (first.service_period.end, second.service_period.start) == (at("2024-01-11"), at("2024-01-11"))
    assert first.full_service_period == second.full_service_period
    assert share(first.service_period, first.full_service_period) == Fraction(10, 31)
    assert share(second.service_period, second.full_service_period) == Fraction(21, 31)


quantities = st.dictionaries(st.sampled_from(DAYS), st.integers(0, 4), min_size=1, max_size=6)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Subscription, list[SubscriptionAddon]]:
    """A subscription, perhaps in two phases, with up to three add-ons of the key "fee" and one of another key."""
    cards = [fee(amount=str(draw(st.decimals(0, 100, places=3)))), card("free", None)]
    phases = [phase("first", "P1M", *cards), phase("then", None, *cards)] if draw(st.booleans()) else []
    base = subscription("2024-01-01", cards, phases=phases)
    addons = []
    for number in range(draw(st.integers(1, 3))):
        price = str(draw(st.decimals(0, 100, places=3)))
        addon = bought(
            fee(draw(st.sampled_from(["fee", "fee", "extra"])), price), addon_id=f"addon{number}", d2024_01_01=0
        )
        timeline = tuple(Quantity(day, number) for day, number in sorted(draw(quantities).items()))
        addons.append(replace(addon, quantities=timeline))
    return base, addons


@given(histories())
def test_items_tile_their_phase_and_every_flat_price_is_the_exact_sum(
    history: tuple[Subscription, list[SubscriptionAddon]],
) -> None:
    base, addons = history
    made = with_addons(base, *addons)

    for before, after in zip(base.effective_phases(), made.effective_phases(), strict=True):
        timeline = [item for item in after.items if item.key == "fee"]
        assert (timeline[0].active_from, timeline[-1].active_to) == (before.active_from, before.active_to)
        assert all(one.active_to == following.active_from for one, following in pairwise(timeline))
        assert [item.version for item in timeline] == list(range(len(timeline)))
        assert len({item.id for item in after.items}) == len(after.items)
        for day in DAYS:
            if not after.span.contains(day):
                continue
            for key in ("fee", "extra"):
                due = [_price(one.cards[0].rate_card) * one.quantity_at(day) for one in addons if _key(one) == key]
                due += [_price(item.rate_card) for item in before.items if item.key == key]
                charged = [
                    _price(item.rate_card) for item in after.items if item.key == key and item.span.contains(day)
                ]
                assert sum(charged) == sum(due)
                assert len(charged) <= 1


@given(histories(), st.sampled_from(DAYS), st.data())
def test_what_changes_from_an_instant_on_leaves_all_before_it_as_it_was(
    history: tuple[Subscription, list[SubscriptionAddon]], now: datetime, data: st.DataObject
) -> None:
    base, addons = history
    made = with_addons(base, *addons)
    changed = addons[0].of_quantity(data.draw(st.integers(0, 4)), now, now)

    after = with_addons(base, changed, *addons[1:])

    for key in ("fee", "extra", "free"):
        assert _until(now, items(after, key)) == _until(now, items(made, key))


def _until(now: datetime, found: Sequence[SubscriptionItem]) -> list[SubscriptionItem]:
    """Those that began before, as far as they go until then."""
    return [replace(item, active_to=min(item.active_to or now, now)) for item in found if item.active_from < now]


def _price(one: object) -> Decimal:
    price = getattr(one, "price", None)
    return price.amount if isinstance(price, FlatPrice) else Decimal(0)


def _key(addon: SubscriptionAddon) -> str:
    return addon.cards[0].rate_card.key
