"""What the rooms below ask of entitlements."""

from typing import TYPE_CHECKING

from meterhouse.customers.ports import CustomerGuard, CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.entitlements.for_catalog import EntitledFeatures
from meterhouse.entitlements.for_customers import EntitlementGuard
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions
from tests.integration.entitlements.house import ACME, House
from tests.unit.subscriptions.samples import at

if TYPE_CHECKING:
    from meterhouse.catalog.ports import FeatureUse


def customers(house: House) -> CustomerService:
    def ports(transaction: Transaction) -> CustomerPorts:
        guards: list[CustomerGuard] = [EntitlementGuard(transaction)]
        return CustomerPorts(PostgresCustomers(transaction), PostgresCustomerSubscriptions(transaction), guards)

    return CustomerService(begins(house.database, ports), now=lambda: house.now)


def codes(house: House) -> list[str]:
    try:
        customers(house).delete(house.namespace, "acme")
    except Conflict as refused:
        return [problem.code for problem in refused.problems]
    return []


def test_who_is_entitled_to_something_cannot_be_deleted(house: House) -> None:
    house.entitled()
    house.ok("POST", ACME, {"type": "boolean", "featureKey": "sso"})

    assert codes(house) == ["customer_has_active_entitlements"] * 2


def test_who_was_entitled_can_be_deleted_and_is_still_told(house: House) -> None:
    made = house.entitled()
    house.now = at("2024-03-16")
    house.ok("DELETE", f"{ACME}/tokens")

    assert codes(house) == []

    assert house.call("GET", ACME)[0] == 404
    assert house.ok("GET", f"/api/v2/entitlements/{made['id']}")["customerKey"] == "acme"
    assert house.ok("GET", f"/api/v1/entitlements/{made['id']}")["subjectKey"] == "acme"


def test_subjects_of_an_entitled_customer_may_change(house: House) -> None:
    house.entitled()
    service = customers(house)
    details = service.get(house.namespace, "acme").customer.details

    changed = service.replace(house.namespace, "acme", type(details)("Acme", "acme", ("phone",), currency="EUR"))
    changed = service.replace(house.namespace, "acme", type(details)("Acme", "acme", ("phone",), currency="USD"))

    assert changed.customer.usage_subjects == ("acme", "phone")


def test_a_balance_is_measured_by_its_feature_until_it_is_over(house: House) -> None:
    unused = house.add_feature("unused", house.meter)
    house.entitled()
    house.ok("POST", ACME, {"type": "boolean", "featureKey": "sso"})
    house.archive_feature(house.tokens)
    use: FeatureUse = EntitledFeatures(house.database, lambda: house.now)
    features = [house.tokens, house.sso, unused]

    assert list(use.still_used(house.namespace, features)) == [house.tokens]
    house.ok("DELETE", f"{ACME}/tokens")
    assert list(use.still_used(house.namespace, features)) == []
