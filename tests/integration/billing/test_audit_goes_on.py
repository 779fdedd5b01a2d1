"""The audit is stopped by nobody's damage, stops nobody while it computes, and goes on inside a customer."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.audit_books import AuditBooks, Reached, reached_of
from meterhouse.billing.postgres_audit import PostgresAudit
from meterhouse.platform.postgres import begins
from meterhouse.rating.rate import rate
from tests.integration.billing.audited import FIRST_INVOICE, FIRST_LINE, Break, audited, findings, kinds
from tests.integration.billing.conftest import AFTER_MAY, AUDITED_AT, Run
from tests.integration.billing.purse import Purse
from tests.unit.subscriptions.samples import at

UNREADABLE = "rate_card = jsonb_build_object('was', rate_card)"
READABLE = "rate_card = rate_card -> 'was'"


@pytest.fixture
def later(books: Run, broken: Break) -> str:
    """A customer whose id follows all others': an invoice's total and a grant are not what they were."""
    zoe = books.customer("zoe")
    books.subscribe(zoe, start="2024-05-01")
    books.now = AFTER_MAY
    books.all(AFTER_MAY)
    books.now = AUDITED_AT
    Purse(books).grant(zoe, 5)
    broken(f"UPDATE credit_grants SET amount = 1000 WHERE namespace = %(namespace)s AND customer_id = '{zoe}'")
    broken(
        "UPDATE invoices SET amount = amount + 1"
        f" WHERE namespace = %(namespace)s AND customer_id = '{zoe}' AND state = 'paid'"
    )
    return zoe


OF_LATER = ["grant_not_conserved", "invoice_total_differs", "receivable_differs"]


def unread(books: Run) -> list[tuple[str, str | None]]:
    return [
        (one["detail"], one["invoice_id"])
        for one in findings(books)
        if one["kind"] == "not_readable" and one["resolved_at"] is None
    ]


def test_a_customer_who_cannot_be_read_is_a_finding_and_the_others_are_audited(
    books: Run, broken: Break, later: str
) -> None:
    broken(
        f"UPDATE invoice_lines SET is_pending = true, {UNREADABLE}"
        f" WHERE namespace = %(namespace)s AND id = {FIRST_LINE}"
    )
    told = audited(books)

    assert later
    assert (told.customers, told.after) == (3, None)
    [of_customer, of_invoice] = sorted(unread(books), key=lambda one: one[1] or "")
    assert of_customer[0].startswith("KeyError")
    assert (of_customer[1], of_invoice[1] is None) == (None, False)
    assert [kind for kind in kinds(books) if kind != "not_readable"] == OF_LATER

    broken(
        f"UPDATE invoice_lines SET is_pending = false, {READABLE} WHERE namespace = %(namespace)s AND rate_card ? 'was'"
    )
    audited(books)
    assert kinds(books) == OF_LATER


@pytest.mark.parametrize("damage", [UNREADABLE, "rate_card = rate_card - 'price', trace = NULL, quantity = 1"])
def test_an_invoice_that_cannot_be_judged_is_parked_and_the_others_are_audited(
    books: Run, broken: Break, later: str, damage: str
) -> None:
    broken(f"UPDATE invoice_lines SET {damage} WHERE namespace = %(namespace)s AND id = {FIRST_LINE}")
    told = audited(books)

    assert later
    assert (told.customers, told.after) == (3, None)
    [(_, invoice_id)] = unread(books)
    [first] = books.rows(f"SELECT id FROM invoices WHERE namespace = %(namespace)s AND id = {FIRST_INVOICE}")
    assert invoice_id == first["id"]
    assert [kind for kind in kinds(books) if kind != "not_readable"] == OF_LATER


def test_nobody_waits_while_an_invoice_is_rated_again(books: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def watched(*given: Any) -> Any:
        [row] = books.rows(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
        )
        held.append(row["count"])
        return rate(*given)

    monkeypatch.setattr("meterhouse.billing.audit.rate", watched)
    audited(books)

    assert len(held) > 1
    assert set(held) == {0}


def test_an_audit_out_of_time_goes_on_with_the_next_invoice_of_the_same_customer(run: Run, broken: Break) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    for month in ("02", "03", "04"):
        run.now = at(f"2024-{month}-01T02:00:00Z")
        run.all(run.now)
    run.now += timedelta(days=1)
    broken("UPDATE invoices SET amount = amount + 1 WHERE namespace = %(namespace)s AND state = 'paid'")
    invoices = len(run.invoices())
    audit = AuditBooks(begins(run.database, PostgresAudit), lambda: [run.namespace], lambda: run.now, invoices=2)

    reached: Reached | None = None
    tasks = [audit(reached, patience=timedelta(0))]
    while (after := tasks[-1].after) is not None:
        reached = reached_of(after.document())
        found = len(kinds(run))
        tasks.append(audit(reached, patience=timedelta(0)))
        assert len(kinds(run)) >= found

    assert [one.after.invoice_id for one in tasks if one.after and one.after.invoice_id] == sorted(
        invoice.id for invoice in run.invoices()
    )
    assert invoices == 3
    assert sum(one.customers for one in tasks) == 1
    assert sum(one.open for one in tasks) == 2 * invoices
    assert kinds(run) == ["invoice_total_differs"] * invoices + ["receivable_differs"] * invoices
    assert sum((one.totals.amount for one in run.invoices()), Decimal(0)) > 0
