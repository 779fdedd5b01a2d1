from dataclasses import replace

import pytest

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.errors import Conflict
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem
from meterhouse.subscriptions.sale import Wanted
from meterhouse.subscriptions.timing import Soon
from meterhouse.subscriptions.uniqueness import claims
from tests.unit.subscriptions.house import NOW, WANTED, House, codes
from tests.unit.subscriptions.samples import at, card, fee, phase, spec, subscription

ONE_ITEM = "only_single_subscription_item_allowed_at_a_time"
SEATS = replace(fee("seats"), feature_key="seats")


@pytest.fixture
def house() -> House:
    made = House()
    made.database.store.features.by_key["seats"] = Feature("seats", FeatureSpec("seats", "Seats"), NOW, NOW)
    made.service.allow_several("default", is_allowed=True)
    return made


def subscribe(house: House, *cards: RateCard) -> Subscription:
    return house.subscribe(replace(WANTED, plan=spec(phase("default", None, *cards))))


def test_several_subscriptions_run_side_by_side_as_long_as_they_share_no_feature(house: House) -> None:
    subscribe(house, fee())
    subscribe(house, fee(), SEATS)
    subscribe(house, replace(card("seats", None), feature_key="seats"))
    with pytest.raises(Conflict) as refused:
        subscribe(house, SEATS)
    assert refused.value.code == ONE_ITEM
    assert codes(refused) == [("", ONE_ITEM)]


def test_the_same_feature_may_follow_where_the_other_has_ended(house: House) -> None:
    first = subscribe(house, SEATS)
    house.service.cancel("default", first.id, Soon.IMMEDIATE)
    second = house.subscribe(replace(WANTED, plan=spec(phase("default", None, SEATS)), timing=NOW))
    assert second.active_from == NOW


def test_an_edit_brings_no_feature_that_another_subscription_has(house: House) -> None:
    subscribe(house, SEATS)
    other = subscribe(house, fee())
    with pytest.raises(Conflict) as refused:
        house.service.edit("default", other.id, Edit([AddItem("default", SEATS)]))
    assert refused.value.code == ONE_ITEM


def test_restoring_deletes_what_clashes_and_leaves_the_others(house: House) -> None:
    first = subscribe(house, SEATS)
    later = Wanted(plan=spec(phase("default", None, SEATS)), timing=Soon.NEXT_BILLING_CYCLE)
    changed = house.service.change("default", first.id, later)
    beside = house.subscribe(replace(WANTED, plan=spec(), timing=at("2021-05-01")))
    house.service.restore("default", first.id)
    left = {one.id for one in house.service.of_customer("default", "ann")}
    assert left == {first.id, beside.id}
    assert changed.next.id not in left


def test_a_claim_ends_with_its_subscription_and_with_its_deletion() -> None:
    made = subscription("2021-01-01", [SEATS, fee(), replace(card("free", None), feature_key="free")])
    assert [(claim.feature_key, claim.span.start, claim.span.end) for claim in claims(made)] == [
        ("seats", at("2021-01-01"), None)
    ]
    assert [claim.span.end for claim in claims(replace(made, active_to=at("2021-02-01")))] == [at("2021-02-01")]
    assert claims(replace(made, deleted_at=NOW)) == []
