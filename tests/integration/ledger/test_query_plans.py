"""What every change of a customer's credit reads, every run of the clock and every audit is found by an index."""

from collections.abc import Iterator
from typing import Any

import pytest

from meterhouse.platform.postgres import APPLICATION_ROLE, Database
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries
from tests.unit.ledger.samples import T, hours

AUDIT, GRANTS, LEDGER = (queries("meterhouse.ledger", f"{name}.sql") for name in ("audit", "grants", "ledger"))
FILL = """
INSERT INTO customers (namespace, id, subject_keys, name, created_at, updated_at)
SELECT %(namespace)s, 'C' || n, '{}', 'Name', now(), now() FROM generate_series(1, 2000) n;
INSERT INTO credit_grants (
    namespace, id, customer_id, name, labels, funding, currency, amount, priority, effective_at, expires_after,
    available_at, expires_at, is_expiry_booked, created_at, updated_at
)
SELECT %(namespace)s, 'G' || n, 'C' || 1 + n %% 2000, 'Credit', '{}', 'none', 'USD', 100, 10, %(at)s, 'P1D', %(at)s,
    %(at)s + n * interval '1 minute', n %% 100 > 0, now(), now()
FROM generate_series(1, 6000) n;
INSERT INTO ledger_charges (namespace, key, customer_id, currency, amount, mode, at, recorded_at)
SELECT %(namespace)s, 'K' || n, 'C' || 1 + n %% 2000, 'USD', 1, 'credit_only', %(at)s, %(at)s
FROM generate_series(1, 20000) n;
INSERT INTO ledger_transactions (
    namespace, id, entries, key, kind, customer_id, booked_at, recorded_at, charge, invoice
)
SELECT %(namespace)s, 'T' || n, 2, 'T' || n, CASE n %% 4 WHEN 3 THEN 'invoiced' ELSE 'consumed' END,
    'C' || 1 + n %% 2000, %(at)s, %(at)s, 'K' || n, 'I' || n
FROM generate_series(1, 20000) n;
INSERT INTO ledger_entries (
    namespace, transaction_id, number, entries, customer_id, kind, booked_at, account, currency, amount, grant_id
)
SELECT %(namespace)s, 'T' || n, number, 2, 'C' || 1 + n %% 2000, CASE n %% 4 WHEN 3 THEN 'invoiced' ELSE 'consumed' END,
    %(at)s,
    CASE WHEN number = 2 THEN 'customer_accrued' WHEN n < 40 THEN 'customer_advance' ELSE 'customer_fbo' END, 'USD',
    2 * number - 3, CASE WHEN number = 1 AND n >= 40 THEN 'G' || 1 + n %% 6000 END
FROM generate_series(1, 20000) n, generate_series(1, 2) number;
ANALYZE customers, credit_grants, ledger_charges, ledger_transactions, ledger_entries
"""
"""So much that reading all of a table is dearer than reading what is asked for."""
ONE = {"customer_ids": ["C7"], "currency": "USD", "as_of": None}
ASKED: dict[str, tuple[str, dict[str, Any], str]] = {
    "credit": (LEDGER["holdings"], ONE, "ledger_entries_of_credit"),
    "advances": (LEDGER["holdings"], ONE, "ledger_entries_in_advance"),
    "charges": (LEDGER["charges"], {"keys": ["K7"]}, "ledger_charges_pkey"),
    "realised": (LEDGER["realised"], {"keys": ["K7", "K8"]}, "ledger_transactions_of_charge"),
    "burnt_at_first": (LEDGER["burnt_at_first"], {"keys": ["K7", "K8"]}, "ledger_transactions_of_charge"),
    "accrued": (LEDGER["accrued"], {"keys": ["K7"]}, "ledger_transactions_of_charge"),
    "written": (LEDGER["written"], {"keys": ["K7", "K8"]}, "ledger_transactions_namespace_key_key"),
    "unearned": (LEDGER["unearned"], {"customer_ids": ["C7"]}, "ledger_charges_to_credit_alone"),
    "receivables": (LEDGER["receivables"], {"invoices": ["I7"]}, "ledger_transactions_of_invoice"),
    "invoiced": (AUDIT["invoiced"], {"invoice_ids": ["I7"]}, "ledger_transactions_of_invoice"),
    "standing": (
        AUDIT["standing_of_invoices"],
        {"invoice_ids": ["I7"], "customer_ids": ["C8"]},
        "ledger_transactions_of_customer",
    ),
    "holders": (GRANTS["holders"], {"customer_ids": ["C7"]}, "credit_grants_of_customer"),
    "by_ids": (GRANTS["by_ids"], {"ids": ["G7"]}, "credit_grants_pkey"),
    "edges": (GRANTS["edges"], {"until": hours(1), "size": 200}, "credit_grants_to_expire"),
    "over": (
        GRANTS["over"],
        {"until": hours(1), "after_customer": "", "up_to_customer": "C9"},
        "credit_grants_to_expire",
    ),
}


@pytest.fixture
def filled(unguarded: Database, namespace: str) -> Iterator[Transaction]:
    """Never committed: nobody else sees it, and what the entries come to does not matter."""
    with unguarded.transaction(namespace) as transaction:
        for statement in FILL.split(";\n"):
            transaction.execute(statement, {"at": T})
        transaction.execute(f"SET LOCAL ROLE {APPLICATION_ROLE}")
        yield transaction


def test_nothing_is_found_by_reading_a_whole_table(filled: Transaction) -> None:
    plans = {
        name: "\n".join(row["QUERY PLAN"] for row in filled.fetch_all(f"EXPLAIN {query}", parameters))
        for name, (query, parameters, _) in ASKED.items()
    }

    assert {name: plan for name, plan in plans.items() if "Seq Scan" in plan} == {}
    assert {name: plan for name, plan in plans.items() if ASKED[name][2] not in plan} == {}
