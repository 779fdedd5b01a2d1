from typing import TYPE_CHECKING

import pytest

from meterhouse.customers.model import CustomerDetails
from meterhouse.customers.ports import CustomerFilter, CustomerPorts, PageRequest
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions, SubscriptionGuard
from tests.unit.subscriptions.samples import at

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api


def ports(transaction: Transaction) -> CustomerPorts:
    return CustomerPorts(
        PostgresCustomers(transaction),
        PostgresCustomerSubscriptions(transaction),
        [SubscriptionGuard(transaction)],
    )


@pytest.fixture
def customers(api: "Api") -> CustomerService:
    return CustomerService(begins(api.database, ports), lambda: api.now)


def test_a_subscribed_customer_keeps_its_subjects_but_may_change_its_name(
    api: "Api", customers: CustomerService
) -> None:
    api.subscribe()
    with pytest.raises(Conflict) as refused:
        customers.replace(api.namespace, "ann", CustomerDetails(name="Ann", key="ann", subject_keys=("other",)))
    assert refused.value.code == "customer_has_active_subscriptions"
    renamed = customers.replace(api.namespace, "ann", CustomerDetails(name="Anna", key="ann", currency="USD"))
    assert renamed.customer.name == "Anna"


def test_a_subscribed_customer_keeps_the_currency_that_was_settled(api: "Api", customers: CustomerService) -> None:
    api.subscribe()
    with pytest.raises(Conflict) as refused:
        customers.replace(api.namespace, "ann", CustomerDetails(name="Ann", key="ann", currency="EUR"))
    assert [problem.field for problem in refused.value.problems] == ["/currency"]
    assert customers.get(api.namespace, "ann").customer.currency == "USD"


def test_a_scheduled_subscription_locks_no_subjects_but_keeps_its_customer(
    api: "Api", customers: CustomerService
) -> None:
    api.subscribe(timing="2021-06-01T00:00:00Z")
    customers.replace(api.namespace, "ann", CustomerDetails(name="Ann", key="ann", subject_keys=("other",)))
    with pytest.raises(Conflict) as refused:
        customers.delete(api.namespace, "ann")
    assert refused.value.code == "customer_has_active_subscriptions"


def test_a_customer_whose_subscription_ended_may_change_and_go(api: "Api", customers: CustomerService) -> None:
    made = api.subscribe()
    api.call("POST", f"/api/v1/subscriptions/{made['id']}/cancel", {"timing": "immediate"})
    customers.replace(api.namespace, "ann", CustomerDetails(name="Ann", key="ann", subject_keys=("other",)))
    customers.delete(api.namespace, "ann")
    assert customers.get(api.namespace, api.customer).customer.deleted_at is not None


def test_a_customer_shows_its_current_subscription_and_is_found_by_its_plan(
    api: "Api", customers: CustomerService
) -> None:
    api.add_customer("bob")
    made = api.subscribe()
    shown = customers.get(api.namespace, "ann", expand=True)
    assert shown.current_subscription_id == made["id"]
    assert shown.subscriptions == [made]
    found, total = customers.page(api.namespace, CustomerFilter(), PageRequest(), plan_key="plan")
    assert ([one.customer.key for one in found], total) == (["ann"], 1)
    api.now = at("2020-12-31")
    assert customers.get(api.namespace, "ann").current_subscription_id is None
    assert customers.page(api.namespace, CustomerFilter(), PageRequest(), plan_key="plan")[1] == 0
