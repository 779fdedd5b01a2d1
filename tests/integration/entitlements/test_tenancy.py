"""The application's own filter keeps namespaces apart where row level security is taken away."""

from collections.abc import Iterator

import pytest

from localstack.fixtures import PostgresServer
from meterhouse.entitlements.ports import EntitlementFilter, EntitlementOrder, GrantFilter, GrantOrder, Slice
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.entitlements.house import House


@pytest.fixture
def unguarded(postgres_server: PostgresServer) -> Iterator[Database]:
    """The same tables as a role that row level security does not bind."""
    server, role = postgres_server, postgres_server.superuser
    settings = PostgresSettings(server.host, server.port, server.database, role.username, role.password, "disable")
    database = Database(lambda: settings)
    yield database
    database.close()


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_namespace_reads_and_changes_nothing_of_another(
    house: House, unguarded: Database, *, is_guarded: bool
) -> None:
    made, granted = house.entitled(), house.granted()
    neighbour = f"{house.namespace}-b"
    add_namespace(house.database, neighbour)
    with house.database.transaction(house.namespace) as own:
        entitlement = PostgresStore(own).entitlements.find(made["id"])
    assert entitlement

    with (house.database if is_guarded else unguarded).transaction(neighbour) as transaction:
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
