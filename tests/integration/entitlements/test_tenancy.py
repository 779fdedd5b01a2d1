"""The application's own filter keeps namespaces apart where row level security is taken away."""

import pytest

from meterhouse.entitlements.ports import EntitlementFilter, EntitlementOrder, GrantFilter, GrantOrder, Slice
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.platform.postgres import Database
from tests.integration.entitlements.house import House


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_namespace_reads_and_changes_nothing_of_another(
    house: House, other_namespace: str, unguarded: Database, *, is_guarded: bool
) -> None:
    made, granted = house.entitled(), house.granted()
    with house.database.transaction(house.namespace) as own:
        entitlement = PostgresStore(own).entitlements.find(made["id"])
    assert entitlement

    with (house.database if is_guarded else unguarded).transaction(other_namespace) as transaction:
        store = PostgresStore(transaction)
        assert store.entitlements.find(made["id"]) is None
        assert store.entitlements.active(house.customer, "tokens", house.now) is None
        assert store.entitlements.not_over(house.customer, "tokens", house.now) == []
        everything = EntitlementFilter(include_deleted=True)
        assert store.entitlements.page(everything, Slice(EntitlementOrder.CREATED_AT)) == ([], 0)
        assert store.grants.find(granted["id"]) is None
        assert store.grants.of_entitlement(made["id"]) == []
        assert store.grants.page(GrantFilter(house.now, include_deleted=True), Slice(GrantOrder.ID)) == ([], 0)
        assert store.customers.by_keys(["acme"]) == {}
        store.entitlements.update(entitlement.ended(house.now))
        transaction.commit()

    assert house.ok("GET", f"/api/v2/entitlements/{made['id']}") == made
