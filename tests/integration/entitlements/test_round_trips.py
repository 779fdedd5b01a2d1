"""How often a check asks its stores, counted on the wire."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.spec import GrantSpec
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.entitlements.front import Front
from tests.integration.entitlements.test_access import QUERY
from tests.integration.entitlements.usage_house import HOUR, UsageHouse
from tests.integration.wire import Wire, wire_to


@dataclass
class Watched:
    """Both stores, behind wires that count."""

    database: Database
    store: ClickHouse
    postgres: Wire
    clickhouse: Wire

    @property
    def trips(self) -> tuple[int, int]:
        """To Postgres and to ClickHouse, since `forget`."""
        return self.postgres.trips, self.clickhouse.trips

    def forget(self) -> None:
        self.postgres.trips = self.clickhouse.trips = 0


@pytest.fixture
def watched(database_settings: PostgresSettings, usage_store_settings: ClickHouseSettings) -> Iterator[Watched]:
    url = urlsplit(usage_store_settings.url)
    with (
        wire_to(database_settings.host, database_settings.port) as postgres,
        wire_to(url.hostname or "", url.port or 0) as clickhouse,
    ):
        database = Database(lambda: replace(database_settings, host="127.0.0.1", port=postgres.port))
        settings = replace(usage_store_settings, url=f"http://127.0.0.1:{clickhouse.port}")
        store = ClickHouse(lambda: settings)
        store.query("SELECT 1")
        database.read("warm", "SELECT 1")
        yield Watched(database, store, postgres, clickhouse)
        database.close()


def test_one_metered_check_is_one_round_trip_to_postgres_and_two_to_clickhouse(
    used: UsageHouse, watched: Watched
) -> None:
    used.entitled()
    used.granted(10)
    used.used(used.now + HOUR, 3)
    front = Front(used, watched.database, watched.store)
    watched.forget()
    answer = front.get("/api/v1/customers/acme/entitlements/tokens/value")
    assert watched.trips == (1, 2)
    assert answer["balance"] == 7


def test_a_hundred_customers_by_a_hundred_features_are_as_many_round_trips(used: UsageHouse, watched: Watched) -> None:
    names, keys = entitled_to_many(used, customers=100, features=100)
    front = Front(used, watched.database, watched.store)
    watched.forget()
    status, answer = front.call("POST", QUERY, {"customer": {"keys": names}, "feature": {"keys": keys}})
    assert watched.trips == (1, 2)
    assert status == 200, answer
    found = {one["customer"]["key"]: one["features"] for one in answer["data"]}
    assert {name: {access["has_access"] for access in features.values()} for name, features in found.items()} == {
        f"c{number}": {number % 5 != 0} for number in range(100)
    }
    assert {name: len(features) for name, features in found.items()} == dict.fromkeys(found, 100)


def entitled_to_many(used: UsageHouse, customers: int, features: int) -> tuple[list[str], list[str]]:
    """All to all, through the stores: a hundred meters, every fifth customer has used them up."""
    meters = [used.add_meter(f"m{number}") for number in range(features)]
    keys = [used.add_feature(f"f{number}", meter).key for number, meter in enumerate(meters)]
    owners = [used.add_customer(f"c{number}", f"s{number}") for number in range(customers)]
    begun = used.now
    copy_entitlements(used, [owner.id for owner in owners], keys, begun)
    used.sink(*(used.call(begun + HOUR, 100, subject=f"s{number}") for number in range(0, customers, 5)))
    return [f"s{number}" for number in range(customers)], keys


def copy_entitlements(used: UsageHouse, customer_ids: list[str], keys: list[str], at: datetime) -> None:
    """One entitlement as the use case makes it, copied for every customer and feature."""
    made = used.entitled(keys[0], GrantSpec(Decimal(100), at), holder=Holder(customer_ids[0]))
    with used.database.transaction(used.namespace) as transaction:
        for text in (_ENTITLEMENTS, _GRANTS):
            transaction.execute(text, {"made": made.id, "customers": customer_ids, "keys": keys})
        transaction.commit()


_ENTITLEMENTS = """
INSERT INTO entitlements
SELECT (e).* FROM (
    SELECT jsonb_populate_record(made, jsonb_build_object(
        'id', 'E' || c || f.key, 'customer_id', c, 'feature_id', f.id, 'feature_key', f.key, 'meter_id', f.meter_id
    )) AS e
    FROM entitlements made, unnest(%(customers)s::text[]) c, features f
    WHERE made.namespace = %(namespace)s AND made.id = %(made)s
        AND f.namespace = %(namespace)s AND f.key = ANY(%(keys)s)
        AND NOT (c = made.customer_id AND f.key = made.feature_key)
) copied
"""
_GRANTS = """
INSERT INTO grants
SELECT (g).* FROM (
    SELECT jsonb_populate_record(made, jsonb_build_object('id', 'G' || e.id, 'entitlement_id', e.id)) AS g
    FROM grants made, entitlements e
    WHERE made.namespace = %(namespace)s AND made.entitlement_id = %(made)s
        AND e.namespace = %(namespace)s AND e.id <> %(made)s
) copied
"""
