"""The audit of the books on the real database, whose owner breaks what nobody else can."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from functions.audit_books import handler as task
from meterhouse.billing.audit_books import AuditBooks, Audited
from meterhouse.billing.list_customer_batches import Place
from meterhouse.billing.postgres_audit import PostgresAudit
from meterhouse.ledger.audit import KINDS
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.billing.audited import FIRST_INVOICE, FIRST_LINE, Break, audited, findings, kinds
from tests.integration.billing.conftest import Run
from tests.unit.platform.requests import CONTEXT


def test_of_sound_books_nothing_is_found(books: Run) -> None:
    assert audited(books) == Audited(2, 0, None)
    assert findings(books) == []


INVOICING = (
    "(SELECT id FROM ledger_transactions WHERE namespace = %(namespace)s AND kind = 'invoiced'"
    f" AND invoice = {FIRST_INVOICE})"
)
GRANT = "(SELECT id FROM credit_grants WHERE namespace = %(namespace)s AND key = 'kept')"
BREAKS = {
    "an entry is changed": (
        (
            "UPDATE ledger_entries SET amount = amount + 1 WHERE namespace = %(namespace)s AND account = 'breakage'"
            " OR namespace = %(namespace)s AND account = 'wash' AND kind = 'settled'"
        ),
        ["books_differ", "transaction_unbalanced"],
    ),
    "an entry of credit is changed": (
        (
            "UPDATE ledger_entries SET amount = amount - 1"
            f" WHERE namespace = %(namespace)s AND kind = 'funded' AND grant_id = {GRANT} AND account = 'customer_fbo'"
        ),
        ["grant_not_conserved", "transaction_unbalanced"],
    ),
    "entries are gone": (
        f"DELETE FROM ledger_entries WHERE namespace = %(namespace)s AND kind = 'funded' AND grant_id = {GRANT}",
        ["grant_not_conserved", "grant_overdrawn", "transaction_unbalanced"],
    ),
    "entries say another kind": (
        (
            f"UPDATE ledger_entries SET kind = 'settled' WHERE namespace = %(namespace)s AND kind = 'consumed'"
            f" AND grant_id = {GRANT}"
        ),
        ["balance_differs", "transaction_unbalanced"],
    ),
    "a grant is made larger": (
        f"UPDATE credit_grants SET amount = 1000 WHERE namespace = %(namespace)s AND id = {GRANT}",
        ["grant_not_conserved"],
    ),
    "the total of an invoice is changed": (
        f"UPDATE invoices SET amount = amount + 1 WHERE namespace = %(namespace)s AND id = {FIRST_INVOICE}",
        ["invoice_total_differs", "receivable_differs"],
    ),
    "the total of a line is changed": (
        f"UPDATE invoice_lines SET amount = amount + 1 WHERE namespace = %(namespace)s AND id = {FIRST_LINE}",
        ["invoice_total_differs", "line_rates_differently", "line_total_differs"],
    ),
    "the quantity of a line is changed": (
        (
            "UPDATE invoice_lines SET quantity = quantity + 1"
            " WHERE namespace = %(namespace)s AND feature_id IS NOT NULL AND service_start = '2024-01-01'"
        ),
        ["line_rates_differently"],
    ),
    "a trace is changed": (
        (
            """UPDATE invoice_lines SET trace = jsonb_set(trace::jsonb, '{version}', '3')"""
            f" WHERE namespace = %(namespace)s AND id = {FIRST_LINE}"
        ),
        ["line_rates_differently"],
    ),
    "what an invoice was booked at is gone": (
        f"DELETE FROM ledger_entries WHERE namespace = %(namespace)s AND transaction_id = {INVOICING}",
        ["receivable_differs", "transaction_unbalanced"],
    ),
    "a line is gone": (
        "DELETE FROM invoice_lines WHERE namespace = %(namespace)s AND is_pending AND service_start = '2024-06-01'",
        ["line_missing"],
    ),
    "a line is pending again": (
        f"UPDATE invoice_lines SET is_pending = true WHERE namespace = %(namespace)s AND id = {FIRST_LINE}",
        ["line_not_invoiced"],
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_found_and_an_audit_repeated_finds_the_same(books: Run, broken: Break, name: str) -> None:
    statement, expected = BREAKS[name]
    broken(statement)

    first = audited(books)
    found = findings(books)
    assert kinds(books) == expected
    assert first.open == len(expected)
    assert first.of_ledger == len([kind for kind in expected if kind in KINDS])
    assert audited(books) == first
    assert findings(books) == found


WORTHLESS = {"severity": "critical", "code": "no_cost_basis", "component": "meterhouse", "message": "?", "field": "/"}


@pytest.mark.parametrize(
    ("state", "days", "issues", "stuck"),
    [
        ("issuing.failed", 3, [], 1),
        ("issuing.failed", 1, [], 0),
        ("overdue", 30, [], 0),
        ("draft.invalid", 3, [WORTHLESS], 0),
        ("draft.invalid", 3, [WORTHLESS, WORTHLESS | {"code": "usage_not_readable"}], 1),
    ],
)
def test_an_invoice_that_stands_for_days_where_none_stays_is_counted_unless_a_worth_is_waited_for(
    books: Run, broken: Break, state: str, days: int, issues: list[object], stuck: int
) -> None:
    since = f"'{(books.now - timedelta(days=days)).isoformat()}'"
    broken(
        f"UPDATE invoices SET state = '{state}', updated_at = {since}, issues = '{json.dumps(issues)}'"
        f" WHERE namespace = %(namespace)s AND id = {FIRST_INVOICE}"
    )

    assert audited(books).stuck == stuck
    assert audited(books).metrics()["InvoicesStuck"] == stuck


def test_a_line_charged_twice_is_found_where_the_index_that_refuses_it_is_gone(books: Run, unguarded: Database) -> None:
    with unguarded.transaction(books.namespace) as transaction:
        transaction.execute("DROP INDEX one_live_line")
        columns = [
            row["column_name"]
            for row in transaction.fetch_all(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'invoice_lines'"
                " AND is_generated = 'NEVER' AND column_name NOT IN ('id', 'revision')"
            )
        ]
        listed = ", ".join(columns)
        transaction.execute(
            f"INSERT INTO invoice_lines (id, revision, {listed}) SELECT id || '-again', revision + 1, {listed}"
            f" FROM invoice_lines WHERE namespace = %(namespace)s AND id = {FIRST_LINE}"
        )
        audit = AuditBooks(_within(transaction), lambda: [books.namespace], lambda: books.now)
        audit()
        found = transaction.fetch_all("SELECT * FROM audit_findings WHERE namespace = %(namespace)s")
        # not committed: the index stays

    twice = [row for row in found if row["kind"] == "line_charged_twice"]
    assert len(twice) == 2
    assert len({row["invoice_id"] for row in twice}) == 1


def _within(transaction: Transaction) -> Any:
    @contextmanager
    def begin(_namespace: str) -> Iterator[_Open]:
        yield _Open(PostgresAudit(transaction))

    return begin


@dataclass
class _Open:
    """Work in somebody else's transaction, which commits nothing."""

    store: PostgresAudit

    def commit(self) -> None: ...


def test_what_is_gone_by_itself_is_closed_and_what_comes_back_is_open_again(books: Run, broken: Break) -> None:
    larger = f"UPDATE credit_grants SET amount = amount * 2 WHERE namespace = %(namespace)s AND id = {GRANT}"
    broken(larger)
    audited(books)
    broken(larger.replace("* 2", "/ 2"))
    books.now += timedelta(days=1)
    assert audited(books).open == 0
    [closed] = findings(books)
    assert (closed["resolved_at"], closed["reason"]) == (books.now, None)

    broken(larger)
    assert audited(books).open == 1
    assert kinds(books) == ["grant_not_conserved"]


def test_an_audit_that_ends_early_goes_on_where_it_ended(books: Run, broken: Break) -> None:
    broken(f"UPDATE credit_grants SET amount = 1000 WHERE namespace = %(namespace)s AND id = {GRANT}")
    audit = AuditBooks(begins(books.database, PostgresAudit), lambda: [books.namespace], lambda: books.now, size=1)

    seen, place = [], None
    for _ in range(3):
        told = audit(place, patience=timedelta(0))
        seen.append((told.customers, told.open))
        place = told.after
        if place is None:
            break
    assert sorted(seen) == [(0, 0), (1, 0), (1, 1)]


def test_the_task_audits_what_is_there_and_says_where_to_go_on(books: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = AuditBooks(begins(books.database, PostgresAudit), lambda: [books.namespace], lambda: books.now)
    monkeypatch.setattr(task, "audit", audit)

    assert task.handler({"after": None}, CONTEXT) == {"customers": 2, "open": 0, "after": None}
    last = Place(books.namespace, max(one.customer_id for one in books.invoices()))
    assert task.handler({"after": last.document()}, CONTEXT)["customers"] == 1
