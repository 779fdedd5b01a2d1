"""Usage that is taken back after its period was billed, and what goes back to the customer, on the real database."""

from datetime import timedelta
from decimal import Decimal

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.catalog.price import UnitPrice
from meterhouse.ledger.account import Account
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, PROFILES, Api
from tests.integration.billing.late import (
    AFTER_MARCH,
    JANUARY,
    billed_january,
    idle,
    known_late,
    late_total,
    mark,
    verified,
)
from tests.integration.billing.parts import TENTH, bill, charged, drafted, used_by_day
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_credit_notes import NOTES
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at


def test_usage_that_was_taken_back_goes_back_on_a_note_as_money_and_to_the_credit_that_bore_it(
    run: Run, purse: Purse, api: Api
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))))
    run.used(ann, JANUARY, "80")
    purse.grant(ann, 20)
    run.all()
    known_late(run, ann, "60")
    run.all()
    [note] = api.ok("GET", NOTES)["items"]
    # a quarter of 60 in money and of 20 in credit
    assert (note["total"], note["isAutomatic"], note["refund"], note["creditsTotal"]) == (
        "15.00",
        True,
        "credit",
        "5.00",
    )
    assert purse.settled(ann) == 20
    assert verified(run)
    assert idle(run, purse, AFTER_JANUARY)
    known_late(run, ann, "50")
    run.all()
    assert sum(Decimal(one["total"]) + Decimal(one["creditsTotal"]) for one in api.ok("GET", NOTES)["items"]) == 30
    known_late(run, ann, "65")
    run.all(AFTER_FEBRUARY)
    [again] = [line for line in run.invoices()[1].lines if "late" in line.key]
    assert (again.quantity, again.quantity_before, again.totals.charged) == (Decimal(15), Decimal(50), Decimal(15))
    assert purse.sum_of(Account.ACCRUED) == 0


def test_an_invoice_of_which_nothing_is_left_has_no_second_note(run: Run) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))))
    run.used(ann, JANUARY, "100")
    run.all()
    for used, as_of in (("120", AFTER_FEBRUARY), ("20", AFTER_MARCH), ("10", AFTER_MARCH)):
        known_late(run, ann, used)
        run.all(as_of)
    notes = run.rows("SELECT total FROM credit_notes WHERE namespace = %(namespace)s ORDER BY number")
    assert [row["total"] for row in notes] == [100, 10]


def test_what_was_taken_back_waits_for_the_payment_and_what_was_taken_back_by_hand_counts(
    run: Run, purse: Purse, api: Api
) -> None:
    run.app = FakeApp()
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))))
    run.used(ann, JANUARY, "80")
    run.all()
    known_late(run, ann, "60")
    run.all()
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("DELETE FROM late_usage WHERE namespace = %(namespace)s")
        transaction.commit()
    assert api.ok("GET", NOTES)["items"] == []
    [invoice] = run.invoices()
    assert invoice.state is InvoiceState.PAYMENT_PENDING
    api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", {"reason": "goodwill", "amount": "15"})
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    run.all()
    run.all()
    assert sorted(one["total"] for one in api.ok("GET", NOTES)["items"]) == ["15.00", "5.00"]
    assert idle(run, purse, AFTER_JANUARY)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(("granted", "back"), [("0", ("20", "0")), ("20", ("15", "5"))])
def test_what_a_note_by_hand_held_back_of_usage_goes_back_once_that_is_voided_whatever_late_line_waits(
    run: Run, purse: Purse, api: Api, granted: str, back: tuple[str, str], *, waits: bool
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))))
    run.used(ann, JANUARY, "80")
    if granted != "0":
        purse.grant(ann, granted)
    run.all()
    [invoice] = run.invoices()
    note = api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", {"reason": "goodwill"})
    known_late(run, ann, "60")
    run.all()
    if waits:
        known_late(run, ann, "65")
        run.all()
    api.ok("POST", f"{NOTES}/{note['id']}/void")
    automatic = [one for one in api.ok("GET", NOTES)["items"] if one["isAutomatic"]]
    told = sorted((Decimal(one["total"]), Decimal(one["creditsTotal"])) for one in automatic)
    assert told == [(0, 0), tuple(map(Decimal, back))]
    if not waits:
        assert verified(run)
        assert idle(run, purse, AFTER_JANUARY)
        known_late(run, ann, "65")
    # what comes back is charged, and nothing else
    run.all(AFTER_FEBRUARY)
    lines = [line for invoice in run.invoices() for line in invoice.lines if line.totals.charged > 0]
    assert [line.totals.charged for line in lines] == [80, 5]


def test_what_was_pending_as_late_and_is_taken_back_before_it_is_read_books_nothing_and_is_given_back(
    run: Run, api: Api
) -> None:
    ann = billed_january(run)
    known_late(run, ann, "9")
    run.all()
    known_late(run, ann, "6")
    run.all(AFTER_FEBRUARY)
    assert [late_total(invoice) for invoice in run.invoices()] == [0, 0]
    run.all(AFTER_MARCH)
    assert [one["total"] for one in api.ok("GET", NOTES)["items"]] == ["2.00"]


def test_late_usage_that_is_never_billed_and_is_taken_back_is_not_given_back(run: Run, api: Api) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))))
    run.used(ann, JANUARY, "8")
    run.all()
    known_late(run, ann, "12")
    run.all()
    run.app = FakeApp()
    run.all(AFTER_FEBRUARY)
    [second] = [invoice for invoice in run.invoices() if late_total(invoice)]
    assert late_total(second) == 4
    api.ok("POST", f"{INVOICES}/{second.id}/void", DISCARD)
    for quantity, given_back in (("8", []), ("9", []), ("6", ["2.00"])):
        known_late(run, ann, quantity)
        run.all(AFTER_MARCH)
        assert [one["total"] for one in api.ok("GET", NOTES)["items"]] == given_back


def test_what_a_note_took_back_of_a_part_is_not_charged_by_the_next_and_counts_when_usage_comes_down(
    api: Api, run: Run
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    first = bill(api, ann, TENTH, "10")
    api.ok("POST", f"{INVOICES}/{first['id']}/credit-notes", {"reason": "outage"})
    run.used(ann, JANUARY, "14")
    run.all()
    assert charged(run) == [Decimal("5.00"), Decimal("2.00")]
    # of 2 units less the first part has nothing left to give; of 10 more the second gives what the first cannot
    back = []
    for used in ("12", "2"):
        known_late(run, ann, used)
        run.all(AFTER_FEBRUARY)
        notes = run.rows("SELECT total FROM credit_notes WHERE namespace = %(namespace)s AND is_automatic")
        back.append([row["total"] for row in notes if row["total"]])
    assert back == [[], [Decimal("1.00")]]


@pytest.mark.parametrize("is_rated", [True, False])
def test_usage_taken_back_below_what_was_billed_goes_back_although_the_last_part_was_given_up(
    api: Api, run: Run, *, is_rated: bool
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    ann = run.customer("ann")
    used_by_day(run, ann, {"2024-01-02": 100, "2024-01-25": 20})
    run.subscribe(ann, metered())
    first = drafted(api, ann, TENTH)
    run.all(TENTH + timedelta(hours=2))
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"invoicing": {"draftPeriod": "P20D"}}))
    run.now = AFTER_JANUARY
    run.all(AFTER_JANUARY if is_rated else at("2024-02-01T00:30:00Z"))
    last = next(one.id for one in run.invoices() if one.id != first)
    assert api("DELETE", f"{INVOICES}/{last}")[0] == 204
    for units, back in ((90, 0), (70, 5), (60, 10), (40, 20), (110, 20)):
        used_by_day(run, ann, {"2024-01-02": units, "2024-01-25": 20})
        mark(run)
        run.all()
        given = run.rows("SELECT total FROM credit_notes WHERE namespace = %(namespace)s")
        # both days are of what the first part was billed 100 units for, at 0.5
        assert sum(row["total"] for row in given) == back, units
    assert [line for line in run.pending() if "late" in line.key] == []
