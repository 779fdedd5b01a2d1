from dataclasses import replace

import pytest

from meterhouse.catalog.plan import SettlementMode
from meterhouse.customers.model import CustomerDetails
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.subscriptions.create import NewSubscription
from meterhouse.subscriptions.model import PlanReference, SubscriptionStatus
from meterhouse.subscriptions.sale import PlanChoice
from meterhouse.subscriptions.timing import Soon
from tests.unit.subscriptions.house import NOW, ONE_AT_A_TIME, PLAN_ID, WANTED, House, codes
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, card, fee, phase, spec, usage


@pytest.fixture
def house() -> House:
    return House()


def test_a_customer_subscribes_to_the_plan_on_sale_and_that_is_an_event(house: House) -> None:
    made = house.subscribe()
    assert made.plan == PlanReference(PLAN_ID, "plan", 1)
    assert house.service.get("default", made.id) == made
    created = house.database.events[-1]
    assert (created.type, created.subject) == ("subscription.created", f"subscription/{made.id}")
    assert {*house.database.locks} == {("customer", CUSTOMER_ID)}


def test_a_subscription_may_start_now_in_the_past_or_later(house: House) -> None:
    past = house.subscribe()
    assert past.status_at(NOW) is SubscriptionStatus.ACTIVE
    house.service.cancel("default", past.id, Soon.IMMEDIATE)
    assert house.subscribe(replace(WANTED, timing=Soon.IMMEDIATE)).active_from == NOW


def test_the_customer_is_found_by_its_key(house: House) -> None:
    assert house.subscribe(replace(WANTED, customer="ann", customer_field="/customerKey")).customer_id == CUSTOMER_ID


def test_an_unknown_customer_and_an_unknown_plan_are_told_together(house: House) -> None:
    wanted = NewSubscription(customer="bob", customer_field="/customerKey", plan=PlanChoice("other"))
    with pytest.raises(InvalidInput) as refused:
        house.subscribe(wanted)
    assert codes(refused) == [("/customerKey", "customer_not_found"), ("/plan/key", "plan_not_found")]


def test_an_unknown_version_is_told_at_the_version(house: House) -> None:
    with pytest.raises(InvalidInput) as refused:
        house.subscribe(replace(WANTED, plan=PlanChoice("plan", 7)))
    assert codes(refused) == [("/plan/version", "plan_not_found")]


def test_a_draft_is_not_sold(house: House) -> None:
    house.plan(spec(), version=2, published=None)
    with pytest.raises(Conflict) as refused:
        house.subscribe(replace(WANTED, plan=PlanChoice("plan", 2)))
    assert refused.value.code == "plan_not_active"


def test_a_second_subscription_in_the_same_time_is_refused_and_one_after_the_other_is_not(house: House) -> None:
    first = house.subscribe()
    with pytest.raises(Conflict) as refused:
        house.subscribe(replace(WANTED, timing=at("2022-01-01")))
    assert refused.value.code == ONE_AT_A_TIME
    ended = house.service.cancel("default", first.id, Soon.NEXT_BILLING_CYCLE)
    assert ended.active_to is not None
    assert house.subscribe(replace(WANTED, timing=ended.active_to)).active_from == ended.active_to


def test_the_first_priced_subscription_fixes_the_customers_currency(house: House) -> None:
    made = house.subscribe()
    assert house.currency() == "USD"
    house.service.cancel("default", made.id, Soon.IMMEDIATE)
    house.subscribe(replace(WANTED, timing=NOW))
    assert [event.type for event in house.database.events].count("customer.updated") == 1


def test_a_free_plan_leaves_the_currency_open_and_fits_every_currency(house: House) -> None:
    house.database.store.plans.all.clear()
    house.plan(spec(phase("default", None, card("free", None))))
    house.subscribe()
    assert house.currency() is None


def test_a_priced_plan_in_another_currency_is_a_conflict_and_changes_nothing(house: House) -> None:
    house.customer(CustomerDetails(name="Ann", key="ann", currency="EUR"))
    with pytest.raises(Conflict) as refused:
        house.subscribe()
    assert refused.value.code == "customer_currency_mismatch"
    assert house.database.store.subscriptions.by_id == {}
    assert house.database.events == []


def test_the_caller_may_choose_name_description_and_metadata(house: House) -> None:
    made = house.subscribe(replace(WANTED, name="Mine", description="", metadata={"a": "b"}))
    assert (made.name, made.description, made.metadata) == ("Mine", "", {"a": "b"})


@pytest.mark.parametrize("settlement", [None, SettlementMode.CREDIT_THEN_INVOICE])
def test_a_plan_settled_by_credits_alone_is_so_unless_the_caller_wants_another_settlement(
    house: House, settlement: SettlementMode | None
) -> None:
    credits_alone = replace(spec(phase("default", None, fee())), settlement_mode=SettlementMode.CREDIT_ONLY)
    house.plan(credits_alone, version=2)
    wanted = replace(WANTED, plan=PlanChoice("plan", 2), settlement_mode=settlement)
    assert house.subscribe(wanted).settlement_mode is (settlement or SettlementMode.CREDIT_ONLY)


def test_a_custom_plan_is_sold_to_one_customer_without_the_catalog(house: House) -> None:
    made = house.subscribe(replace(WANTED, plan=spec(phase("own", None, fee("special")))))
    assert made.plan is None
    assert made.phases[0].items[0].key == "special"


def test_a_custom_plan_that_could_not_be_published_is_refused_with_all_its_problems(house: House) -> None:
    broken = spec(phase("first", None, usage()), phase("last", "P1M", fee()), cadence="P5M")
    with pytest.raises(InvalidInput) as refused:
        house.subscribe(replace(WANTED, plan=broken))
    assert {field for field, _ in codes(refused)} >= {
        "/customPlan/billingCadence",
        "/customPlan/phases/0/duration",
        "/customPlan/phases/1/duration",
        "/customPlan/phases/0/rateCards/0/featureKey",
    }


def test_cancelation_is_told_once_and_its_repeat_changes_nothing(house: House) -> None:
    made = house.subscribe()
    first = house.service.cancel("default", made.id, Soon.NEXT_BILLING_CYCLE)
    house.clock.now = at("2021-03-21")
    assert house.service.cancel("default", made.id, Soon.NEXT_BILLING_CYCLE) == first
    assert [event.type for event in house.database.events][-2:] == ["subscription.created", "subscription.canceled"]


def test_a_cancelation_cannot_be_unscheduled_once_another_subscription_follows(house: House) -> None:
    made = house.subscribe()
    end = house.service.cancel("default", made.id, Soon.NEXT_BILLING_CYCLE).active_to
    assert end is not None
    follower = house.subscribe(replace(WANTED, timing=end))
    with pytest.raises(Conflict) as refused:
        house.service.unschedule_cancelation("default", made.id)
    assert refused.value.code == ONE_AT_A_TIME
    house.service.delete("default", follower.id)
    assert house.service.unschedule_cancelation("default", made.id).active_to is None
    assert [event.type for event in house.database.events][-2:] == ["subscription.deleted", "subscription.continued"]


def test_a_deleted_subscription_is_not_found(house: House) -> None:
    made = house.subscribe(replace(WANTED, timing=at("2021-06-01")))
    house.service.delete("default", made.id)
    for call in (house.service.get, house.service.delete, house.service.unschedule_cancelation):
        with pytest.raises(NotFound):
            call("default", made.id)


def test_a_customers_subscriptions_are_listed_by_start_and_by_status_now(house: House) -> None:
    first = house.subscribe()
    end = house.service.cancel("default", first.id, Soon.NEXT_BILLING_CYCLE).active_to
    assert end is not None
    second = house.subscribe(replace(WANTED, timing=end))
    assert [one.id for one in house.service.of_customer("default", "ann")] == [first.id, second.id]
    scheduled = house.service.of_customer("default", CUSTOMER_ID, [SubscriptionStatus.SCHEDULED])
    assert [one.id for one in scheduled] == [second.id]
    with pytest.raises(NotFound):
        house.service.of_customer("default", "bob")
