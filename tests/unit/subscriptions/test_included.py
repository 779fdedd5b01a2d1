from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from meterhouse.catalog.entitlement_template import BooleanTemplate, StaticTemplate
from meterhouse.catalog.price import UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.entitlements.entitlement import EntitlementType, Issue
from meterhouse.entitlements.spec import AllowanceSpec, RecurrenceSpec
from meterhouse.kernel.cadence import Cadence
from meterhouse.subscriptions.included import included, standing_for
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.spec import item_of
from tests.unit.subscriptions.samples import MONTHLY, SUBSCRIPTION_ID, at, fee, metered, phase, subscription

YEARLY = Cadence.parse("P1Y")


def versions(*cards: tuple[str, RateCard]) -> Subscription:
    """One item of the key after the other, each from its date on."""
    made = subscription(cards[0][0], [cards[0][1]])
    [only] = made.phases
    starts = [at(start) for start, _ in cards]
    items = [
        replace(item_of(made.id, only, card, start, version), active_to=end)
        for version, ((_, card), start, end) in enumerate(zip(cards, starts, [*starts[1:], None], strict=True))
    ]
    return replace(made, phases=(replace(only, items=tuple(items)),))


def times(made: Subscription) -> Sequence[tuple[str | None, datetime | None, datetime | None]]:
    return [(spec.feature_key, spec.active_from, spec.active_to) for spec in included(made)]


def test_a_metered_template_is_an_entitlement_by_the_terms_of_the_rate_card_on_the_billing_anchor() -> None:
    made = subscription("2024-01-15", [metered("100", is_soft_limit=True, issue_priority=3)], anchor="2024-01-01")

    [spec] = included(made)

    assert (spec.type, spec.feature_key, spec.active_from) == (EntitlementType.METERED, "usage", at("2024-01-15"))
    assert spec.usage_period == RecurrenceSpec(MONTHLY, at("2024-01-01"))
    assert spec.allowance == AllowanceSpec(is_soft_limit=True, issue=Issue(Decimal(100), 3))
    assert (spec.managed_by, spec.managed_item) == (SUBSCRIPTION_ID, made.items[0].id)


def test_a_usage_period_of_its_own_goes_before_the_billing_cadence() -> None:
    [spec] = included(subscription("2024-01-15", [metered(usage_period=Cadence.parse("P1D"))]))

    assert spec.usage_period == RecurrenceSpec(Cadence.parse("P1D"), at("2024-01-15"))


def test_static_and_boolean_templates_are_entitlements_and_what_has_none_is_not() -> None:
    config = replace(fee("config"), feature_key="config", entitlement=StaticTemplate('{"a": 1}', {"m": "n"}))
    flag = replace(fee("flag"), feature_key="flag", entitlement=BooleanTemplate())

    made = included(subscription("2024-01-15", [config, flag, fee("none")]))

    assert [(spec.type, spec.config, spec.metadata) for spec in made] == [
        (EntitlementType.STATIC, '{"a": 1}', {"m": "n"}),
        (EntitlementType.BOOLEAN, None, {}),
    ]
    assert all(spec.usage_period is None for spec in made)


def test_it_lasts_as_its_phase_does_and_no_longer_than_the_subscription() -> None:
    phases = [phase("trial", "P1M", metered()), phase("paid", None, metered())]

    assert times(subscription("2024-01-01", phases=phases)) == [
        ("usage", at("2024-01-01"), at("2024-02-01")),
        ("usage", at("2024-02-01"), None),
    ]
    assert times(subscription("2024-01-01", phases=phases, end="2024-03-01"))[1][2] == at("2024-03-01")
    assert len(times(subscription("2024-01-01", phases=phases, end="2024-02-01"))) == 1


def test_a_new_price_on_the_same_terms_goes_on_with_the_same_entitlement() -> None:
    dearer = replace(metered(), price=UnitPrice(Decimal(1)))
    made = versions(("2024-01-01", metered()), ("2024-02-10", dearer))

    [spec] = included(made)

    assert (spec.active_from, spec.active_to, spec.managed_item) == (at("2024-01-01"), None, made.items[0].id)
    assert standing_for(made) == {item.id: made.items[0].id for item in made.items}


@pytest.mark.parametrize(
    "other", [metered("200"), metered(is_soft_limit=True), replace(metered(), billing_cadence=YEARLY)]
)
def test_other_terms_are_an_entitlement_of_their_own(other: RateCard) -> None:
    made = versions(("2024-01-01", metered()), ("2024-02-10", other))

    assert [spec.managed_item for spec in included(made)] == [item.id for item in made.items]
    assert times(made)[0][2] == at("2024-02-10")


def test_a_gap_between_two_items_is_one_between_two_entitlements() -> None:
    made = versions(("2024-01-01", metered()), ("2024-02-01", fee("usage")), ("2024-03-01", metered()))

    assert times(made) == [("usage", at("2024-01-01"), at("2024-02-01")), ("usage", at("2024-03-01"), None)]


def test_a_deleted_subscription_includes_nothing() -> None:
    made = subscription("2024-01-01", [metered()])

    assert included(replace(made, deleted_at=at("2023-12-01"))) == []
