"""What the books say of an invoice by its state and its credit notes, after their owner broke what nobody else can."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from meterhouse.catalog.plan import SettlementMode
from tests.integration.billing.audited import Break, audited, findings, kinds
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_audit_of_credit import without
from tests.integration.billing.test_credit_notes import credit, invoiced
from tests.unit.subscriptions.samples import fee


@dataclass
class Shop:
    run: Run
    api: Api
    broken: Break

    def forgotten(self, invoice_id: str, key: str) -> None:
        without(self.broken, f"invoice = '{invoice_id}' AND key LIKE '{key}'")

    def changed(self, table: str, what: str, condition: str) -> None:
        self.broken(f"UPDATE {table} SET {what} WHERE namespace = %(namespace)s AND {condition}")


@pytest.fixture
def shop(run: Run, api: Api, broken: Break) -> Shop:
    run.now = AFTER_JANUARY
    return Shop(run, api, broken)


def paid(shop: Shop) -> str:
    return invoiced(shop.run)


def due(shop: Shop) -> str:
    return invoiced(shop.run, "action_required")


def lost(shop: Shop) -> str:
    return invoiced(shop.run, "uncollectible")


def voided(shop: Shop) -> str:
    shop.api.ok("POST", f"{INVOICES}/{due(shop)}/void", DISCARD)
    return next(one.id for one in shop.run.invoices() if one.voided_at)


def credited(shop: Shop) -> str:
    invoice_id = due(shop)
    credit(shop.api, invoice_id, amount="12.34")
    return invoice_id


def refunded(shop: Shop) -> str:
    invoice_id = paid(shop)
    credit(shop.api, invoice_id, amount="12.34")
    return invoice_id


def _gone(key: str) -> Callable[[Shop, str], None]:
    return lambda shop, invoice_id: shop.forgotten(invoice_id, key)


def _set(what: str) -> Callable[[Shop, str], None]:
    return lambda shop, invoice_id: shop.changed("invoices", what, f"id = '{invoice_id}'")


def _note_set(what: str) -> Callable[[Shop, str], None]:
    return lambda shop, invoice_id: shop.changed("credit_notes", what, f"invoice_id = '{invoice_id}'")


CRITICAL = dict.fromkeys(("code", "component", "message", "field"), "x") | {"severity": "critical"}
BREAKS = {
    "a payment is gone": (paid, _gone("%%/settled"), ["books_differ"]),
    "what was earned is gone": (paid, _gone("%%/recognised"), ["books_differ"]),
    "it is paid and nobody paid": (due, _set("state = 'paid'"), ["books_differ"]),
    "it is due and was paid": (paid, _set("state = 'payment_processing.failed'"), ["books_differ"]),
    "what was written off is gone": (lost, _gone("%%/written_off"), ["books_differ"]),
    "what a void took back is gone": (voided, _gone("%%/taken_back"), ["books_differ"]),
    "what a note made less due is not booked": (credited, _gone("credit_note/%%"), ["books_differ"]),
    "what a note gave back is not booked": (refunded, _gone("credit_note/%%"), ["books_differ"]),
    "less is due than notes say": (
        credited,
        _set("credited_net = credited_net + 1"),
        ["books_differ", "credited_differs"],
    ),
    "a note that counts was voided": (
        credited,
        _note_set("state = 'voided', voided_at = issued_at"),
        ["credited_differs"],
    ),
    "a note that gave back was voided": (
        refunded,
        _note_set("state = 'voided', voided_at = issued_at"),
        ["books_differ"],
    ),
    "a total is changed beside a critical issue": (
        paid,
        _set(f"amount = amount + 1, issues = '{json.dumps([CRITICAL])}'"),
        ["invoice_total_differs", "receivable_differs"],
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_books_that_are_not_what_an_invoice_and_its_notes_say_are_found(shop: Shop, name: str) -> None:
    made, break_it, expected = BREAKS[name]
    invoice_id = made(shop)
    assert audited(shop.run).open == 0, findings(shop.run)

    break_it(shop, invoice_id)

    audited(shop.run)
    assert kinds(shop.run) == expected
    assert {row["invoice_id"] for row in findings(shop.run)} == {invoice_id}


def test_credit_that_bore_an_issued_invoice_and_was_never_earned_is_found(shop: Shop, purse: Purse) -> None:
    ann = shop.run.customer("ann")
    purse.grant(ann, 5)
    shop.run.subscribe(ann)
    shop.run.used(ann, "2024-01-01", "3")
    shop.run.all()
    assert audited(shop.run).open == 0

    without(shop.broken, "key LIKE 'charge/%%/recognised/%%'")

    audited(shop.run)
    assert kinds(shop.run) == ["credit_not_earned"]


def test_a_line_that_stands_on_an_invoice_and_is_live_no_more_is_found(shop: Shop) -> None:
    invoice_id = paid(shop)
    shop.changed("invoice_lines", "is_live = false", f"invoice_id = '{invoice_id}'")

    audited(shop.run)
    assert set(kinds(shop.run)) == {"line_not_live"}


def test_credit_that_the_books_never_burnt_for_what_it_settles_alone_is_found(shop: Shop, purse: Purse) -> None:
    ann = shop.run.customer("ann")
    purse.grant(ann, 100)
    shop.run.subscribe(ann, fee(amount="10"), settlement=SettlementMode.CREDIT_ONLY)
    shop.run.all()
    assert audited(shop.run).open == 0
    assert sum(row["credits_total"] for row in shop.run.rows("SELECT credits_total FROM invoice_lines")) >= Decimal(10)

    without(shop.broken, "charge IS NOT NULL")

    audited(shop.run)
    assert set(kinds(shop.run)) == {"settled_differs"}


def test_what_is_booked_for_the_invoice_of_another_customer_is_found(shop: Shop) -> None:
    invoice_id, other = paid(shop), shop.run.customer("bob")
    assert audited(shop.run).open == 0
    strange = f"invoice = '{invoice_id}' AND key LIKE '%%/settled'"
    shop.changed(
        "ledger_entries",
        f"customer_id = '{other}'",
        f"transaction_id IN (SELECT id FROM ledger_transactions WHERE {strange})",
    )
    shop.changed("ledger_transactions", f"customer_id = '{other}'", strange)

    audited(shop.run)
    assert kinds(shop.run) == ["booked_for_another", "books_differ"]
    assert {row["customer_id"]: row["kind"] for row in findings(shop.run)}[other] == "booked_for_another"


def test_what_is_booked_for_an_invoice_that_is_not_there_is_found(shop: Shop) -> None:
    invoice_id = paid(shop)
    shop.changed("ledger_transactions", "invoice = 'nobody''s'", f"invoice = '{invoice_id}' AND key LIKE '%%/settled'")

    audited(shop.run)
    assert kinds(shop.run) == ["booked_for_another", "books_differ"]
