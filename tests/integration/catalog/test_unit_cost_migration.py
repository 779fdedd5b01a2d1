"""Amounts that were written before unit costs had types."""

from decimal import Decimal

import psycopg
from psycopg.rows import dict_row

from localstack.fixtures import PostgresServer
from meterhouse.catalog.document import unit_cost_from_document
from meterhouse.catalog.unit_cost import ManualUnitCost
from meterhouse.platform.migrations import migrations
from meterhouse.platform.postgres import PostgresSettings

BEFORE, CHANGE = "0300_features.sql", "0302_feature_unit_cost.sql"
FEATURE = """
INSERT INTO features (namespace, id, key, name, filters, unit_cost, metadata, created_at, updated_at)
VALUES (%(namespace)s, %(key)s, %(key)s, 'Name', '{}', %(cost)s, '{}', now(), now())
"""
WRITTEN = {"small": Decimal("0.000400"), "large": Decimal("12345678901234567890.123456789"), "none": None}


def test_manual_amounts_of_every_namespace_are_kept_to_the_last_digit(
    postgres_server: PostgresServer, database_settings: PostgresSettings
) -> None:
    assert database_settings, "the migrations before, and the role they grant to, are there"
    steps = {migration.name: migration.sql.encode() for migration in migrations("postgres")}
    with psycopg.connect(postgres_server.dsn(), row_factory=dict_row) as owner:
        owner.execute("CREATE SCHEMA earlier")
        owner.execute("SET LOCAL search_path = earlier, public")
        owner.execute(steps[BEFORE])
        for namespace in ("one", "two"):
            owner.execute("SELECT set_config('meterhouse.namespace', %s, true)", [namespace])
            for key, cost in WRITTEN.items():
                owner.execute(FEATURE, {"namespace": namespace, "key": key, "cost": cost})
        owner.execute("SELECT set_config('meterhouse.namespace', '', true)")

        owner.execute(steps[CHANGE])

        for namespace in ("one", "two"):
            owner.execute("SELECT set_config('meterhouse.namespace', %s, true)", [namespace])
            rows = owner.execute("SELECT key, unit_cost FROM features").fetchall()
            found = {row["key"]: row["unit_cost"] and unit_cost_from_document(row["unit_cost"]) for row in rows}
            assert found == {key: cost and ManualUnitCost(cost) for key, cost in WRITTEN.items()}
            assert [str(found[key].amount) for key in ("small", "large")] == ["0.000400", str(WRITTEN["large"])]
        owner.rollback()
