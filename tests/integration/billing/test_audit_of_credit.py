"""What invoices and lines say that credit bears, against the ledger whose owner took something out of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.catalog.plan import SettlementMode
from meterhouse.ledger.account import Account
from meterhouse.ledger.book import Book
from meterhouse.ledger.charge import Correction
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.subscriptions.model import Subscription
from tests.integration.billing.audited import Break, audited, findings, kinds
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_voids import PENDING
from tests.integration.ledger.charging import Charging
from tests.unit.subscriptions.samples import at, fee

ALONE = SettlementMode.CREDIT_ONLY


@pytest.fixture
def ann(run: Run, purse: Purse) -> str:
    """Her credit bears a part of January, which is invoiced and not paid."""
    run.now = AFTER_JANUARY
    made = run.customer("ann", metadata={TARGET_STATUS: "action_required"})
    purse.grant(made, 5)
    run.subscribe(made)
    run.used(made, "2024-01-01", "3")
    run.all()
    assert [one.totals.credits_total for one in run.invoices()] == [Decimal(5)]
    assert audited(run).open == 0
    return made


def without(broken: Break, condition: str) -> None:
    """Whole transactions are gone from the books."""
    wanted = f"SELECT id FROM ledger_transactions WHERE namespace = %(namespace)s AND {condition}"
    broken(f"DELETE FROM ledger_entries WHERE namespace = %(namespace)s AND transaction_id IN ({wanted})")
    broken(f"DELETE FROM ledger_transactions WHERE namespace = %(namespace)s AND {condition}")


def differing(run: Run) -> dict[str, Any]:
    [found] = [one for one in findings(run) if (one["kind"], one["resolved_at"]) == ("credit_differs", None)]
    return found


def test_credit_that_the_books_never_burnt_is_found(run: Run, broken: Break, ann: str) -> None:
    without(broken, f"customer_id = '{ann}' AND charge IS NOT NULL")

    assert audited(run).open == 1
    found = differing(run)
    assert found["invoice_id"] == run.invoices()[0].id
    assert found["detail"].endswith("borne is 5, booked is 0")


def test_credit_that_was_given_back_of_an_issued_invoice_is_found(run: Run, purse: Purse, ann: str) -> None:
    [charge] = [one.charge for line in run.invoices()[0].lines for one in line.credits]
    Charging(purse.begin, run.namespace, run.now).give_back(ann, charge, Decimal(2), "by-mistake")

    assert audited(run).open == 1
    assert differing(run)["detail"].endswith("borne is 5, booked is 3")


def test_credit_that_the_line_does_not_know_of_is_found(run: Run, broken: Break, ann: str) -> None:
    broken(
        "UPDATE invoice_lines SET credits = '[]'"
        f" WHERE namespace = %(namespace)s AND customer_id = '{ann}' AND credits_total > 0"
    )

    audited(run)
    assert differing(run)["detail"].endswith("borne is 0, booked is 5")


def test_a_voided_invoice_of_which_credit_was_not_given_back_is_found(
    run: Run, api: Api, broken: Break, ann: str
) -> None:
    first = run.invoices()[0]
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert audited(run).open == 0

    without(broken, f"customer_id = '{ann}' AND key LIKE '%%/corrected/%%'")
    audited(run)
    assert (differing(run)["invoice_id"], kinds(run)) == (first.id, ["credit_differs"])


def test_credit_that_a_note_gave_back_is_no_difference_until_the_books_forget_it(
    run: Run, purse: Purse, broken: Break
) -> None:
    ann = run.customer("ann")
    purse.grant(ann, 30)
    made = run.subscribe(ann, fee(amount="30"), start="2024-01-01")
    run.now = at("2024-01-01T02:00:00Z")
    run.all(run.now)
    run.change(replace(made, active_to=at("2024-01-16")))
    run.now = at("2024-01-16T01:00:00Z")
    run.all(run.now)
    assert [row["credits"] > 0 for row in run.rows("SELECT credits FROM credit_note_lines")] == [True]
    assert audited(run).open == 0

    without(broken, f"customer_id = '{ann}' AND key LIKE '%%/corrected/%%'")
    audited(run)
    assert differing(run)["invoice_id"] == run.invoices()[0].id


def test_a_line_that_credit_alone_settles_and_no_run_charged_is_found(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, fee(amount="10"), settlement=ALONE)
    purse.grant(ann, 100)
    run.now = AFTER_JANUARY
    run.sync()
    run.now += timedelta(days=2)
    audited(run)
    assert kinds(run) == ["line_not_charged", "line_not_charged"]

    run.collect()
    assert audited(run).open == 0


def test_a_change_of_the_last_day_makes_no_line_missing(run: Run) -> None:
    edited = at("2024-04-16")
    before = run.subscribe(run.customer("ann"), fee(amount="30"), start="2024-04-01")
    run.all(at("2024-04-01T02:00:00Z"))
    superseded = replace(before, active_to=edited, superseding_id="next")
    run.change(superseded)
    # what is cheaper was paid with what it follows, and makes no line
    cheaper = run.subscribe(
        before.customer_id, fee(amount="10"), start="2024-04-16", anchor="2024-04-01", previous_id=before.id
    )
    run.change(replace(cheaper, updated_at=edited))
    run.all(at("2024-04-16T01:00:00Z"))
    run.now = at("2024-04-20")
    run.change(replace(superseded, updated_at=at("2024-04-19T12:00:00Z")))

    audited(run)
    assert kinds(run) == []


def test_what_was_burnt_in_advance_and_is_less_than_nothing_is_found(run: Run, purse: Purse, broken: Break) -> None:
    run.now = AFTER_JANUARY
    ann = run.customer("ann")
    purse.grant(ann, 4)
    run.subscribe(ann, fee(amount="10"), settlement=ALONE)
    run.all()
    assert audited(run).open == 0

    turned = "SELECT transaction_id FROM ledger_entries WHERE account = 'customer_advance' AND amount = -10"
    broken(
        "UPDATE ledger_entries SET amount = -amount WHERE namespace = %(namespace)s"
        f" AND transaction_id IN ({turned} AND namespace = %(namespace)s)"
    )
    told = audited(run)

    [found] = [one for one in findings(run) if one["kind"] == "advance_overdrawn"]
    assert found["detail"] == "10.00 more was covered or given back than was burnt in advance"
    assert (found["customer_id"], told.of_ledger) == (ann, 1)


@pytest.fixture
def overdrawn(run: Run, purse: Purse, monkeypatch: pytest.MonkeyPatch) -> Subscription:
    """As two fees were given back until 26 November 2026: the credit of the one covered the other's advance."""
    at_once = Book.correct

    def one_by_one(book: Book, wanted: Iterable[Correction], key: str) -> None:
        for correction in sorted(wanted, key=lambda one: one.realised[0].grant_id is None):
            at_once(book, [correction], key)

    ann = run.customer("ann")
    made = run.subscribe(ann, fee(amount="10"), fee("other", "10"), start="2024-04-01", settlement=ALONE)
    purse.grant(ann, 10)
    run.all(at("2024-04-01T02:00:00Z"))
    with monkeypatch.context() as before:
        before.setattr(Book, "correct", one_by_one)
        run.change(replace(made, active_to=at("2024-04-11")))
        run.all(at("2024-04-11T01:00:00Z"))
    audited(run)
    assert kinds(run) == ["advance_overdrawn"]
    return made


def test_of_a_charge_that_is_overdrawn_more_is_given_back(run: Run, purse: Purse, overdrawn: Subscription) -> None:
    run.change(replace(overdrawn, active_to=at("2024-04-06")))
    assert run.all(at("2024-04-12T01:00:00Z")).failed == {}

    audited(run)
    assert kinds(run) == []
    # of 30 days five of each fee are served
    assert purse.settled(overdrawn.customer_id) == purse.sum_of(Account.CREDIT) == 10 - 2 * Decimal("1.67")
    assert purse.sum_of(Account.ADVANCE) == 0


def test_a_charge_that_is_overdrawn_is_put_right_by_whatever_moves_the_credit(
    run: Run, purse: Purse, overdrawn: Subscription
) -> None:
    settled = purse.settled(overdrawn.customer_id)
    purse.grant(overdrawn.customer_id, 1, effective_at=run.now)

    audited(run)
    assert kinds(run) == []
    assert purse.settled(overdrawn.customer_id) == purse.sum_of(Account.CREDIT) == settled + 1
    assert purse.sum_of(Account.ADVANCE) == 0
