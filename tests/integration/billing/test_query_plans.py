"""What a run reads of lines is looked up one by one, however many the namespace has, and though nobody counted them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.platform.postgres import APPLICATION_ROLE, Database
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries
from tests.integration.billing.conftest import Run

NOW = datetime(2024, 2, 1, tzinfo=UTC)
LINES = queries("meterhouse.billing", "lines.sql")
LATE = queries("meterhouse.billing", "late_usage.sql")
SUBSCRIPTIONS = {"subscription_ids": ["s1", "s2"]}
INSTANTS = {"now": NOW, "margin": timedelta(hours=1), "issued_after": NOW, "drafted_after": NOW}
ASKED: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "keys": (LINES["keys_of_subscriptions"], SUBSCRIPTIONS, ["subscription_id = wanted.id"]),
    "parts": (LINES["parts_of_subscriptions"], SUBSCRIPTIONS, ["subscription_id = wanted.id", "id = l.invoice_id"]),
    "prepaid": (LINES["prepaid_of_subscriptions"], SUBSCRIPTIONS, ["subscription_id = wanted.id", "id = l.invoice_id"]),
    "related": (
        LINES["related_lines"],
        {"firsts": ["k1"], "wholes": ["k1", "k2"]},
        ["key = wanted.key", "whole_key = whole.key", "id = found.invoice_id"],
    ),
    "to compare": (
        LATE["customers_to_compare"],
        INSTANTS | {"customer_ids": ["c1", "c2"]},
        ["customer_id = wanted.id", "invoice_id = i.id"],
    ),
}
WRITTEN = """
SELECT string_agg(column_name, ', ') AS columns FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %(table)s AND is_generated = 'NEVER' AND is_identity = 'NO'
"""
FORGOTTEN = "DELETE FROM pg_statistic WHERE starelid IN ('invoices'::regclass, 'invoice_lines'::regclass)"
"""What the server has counted of other tests' namespaces would decide which of two indexes is as cheap."""
MULTIPLIED = """
INSERT INTO {table} ({columns})
SELECT {columns} FROM {table} source, generate_series(1, 500) AS n, LATERAL (
    SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(source) || jsonb_build_object({changed}))).*
) copied WHERE source.namespace = %(namespace)s AND {which}
"""
"""Never committed: what the copies come to does not matter."""


def multiply(transaction: Transaction, table: str, which: str, *names: str) -> None:
    [row] = transaction.fetch_all(WRITTEN, {"table": table})
    columns = ", ".join(f"copied.{name}" for name in row["columns"].split(", "))
    changed = ", ".join(f"'{name}', source.{name} || '/' || n" for name in names)
    insert = MULTIPLIED.replace("SELECT {columns}", f"SELECT {columns}")
    transaction.execute(insert.format(table=table, columns=row["columns"], changed=changed, which=which))


def test_a_batch_never_reads_all_that_its_namespace_has(run: Run, unguarded: Database) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    with unguarded.transaction(run.namespace) as transaction:
        multiply(transaction, "invoices", "source.state <> 'gathering'", "id", "number")
        multiply(transaction, "invoice_lines", "NOT source.is_pending", "id", "key", "invoice_id", "subscription_id")
        transaction.execute(FORGOTTEN)
        transaction.execute(f"SET LOCAL ROLE {APPLICATION_ROLE}")
        plans = {
            name: "\n".join(row["QUERY PLAN"] for row in transaction.fetch_all(f"EXPLAIN {query}", parameters))
            for name, (query, parameters, _) in ASKED.items()
        }
    for name, (*_, conditions) in ASKED.items():
        looked_up = [line for line in plans[name].splitlines() if "Index Cond" in line]
        for condition in conditions:
            assert any(f"({condition})" in line for line in looked_up), plans[name]
