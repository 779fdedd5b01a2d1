"""Usage that becomes known after its period was billed for the last time, on the real database."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import Commitments, UnitPrice
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.ledger.account import Account
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, PROFILES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_credit_notes import NOTES
from tests.integration.billing.test_split_lines import TENTH, bill, canceled, charged, drafted, used_by_day
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at, fee

JANUARY = "2024-01-01"
AFTER_MARCH = at("2024-04-01T02:00:00Z")
WITH_CREDIT = ("15.00", True, "credit", "5.00")


def mark(run: Run, subject: str = "ann", meter_id: str | None = None) -> None:
    """As the sink does once usage was stored well after it occurred, or was taken back."""
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute(
            "INSERT INTO late_usage (namespace, meter_id, subject, earliest)"
            " VALUES (%(namespace)s, %(meter)s, %(subject)s, '2024-01-20')",
            {"meter": meter_id or run.meter_id, "subject": subject},
        )
        transaction.commit()


def known_late(run: Run, customer: str, quantity: str) -> None:
    run.used(customer, JANUARY, quantity)
    mark(run)


def late_total(invoice: Invoice) -> Decimal:
    return sum((line.totals.total for line in invoice.lines if "/late" in line.key), Decimal(0))


def verified(run: Run) -> bool:
    verify = VerifyInvoice(run.begin, run.usage)
    found = [verify(run.namespace, invoice.id) for invoice in run.invoices()]
    return all(one.is_verified and all(not line.late for line in one.lines) for one in found)


def idle(run: Run, purse: Purse, when: Any = AFTER_FEBRUARY) -> bool:
    """Whether a further run changes nothing, but when it looked."""
    before = purse.everything()
    run.all(when)
    after = purse.everything()
    for stored in (before, after):
        for row in stored["invoice_lines"]:
            row.pop("compared_at")
    return bool(before == after)


@pytest.fixture
def ann(run: Run) -> str:
    found = run.customer("ann")
    run.subscribe(found, metered(price=tiers()))
    run.used(found, JANUARY, "8")
    run.all()
    return found


def test_late_usage_is_a_line_of_the_next_invoice_at_what_the_whole_period_comes_to_more(
    run: Run, ann: str, purse: Purse
) -> None:
    known_late(run, ann, "12")
    run.all()
    assert len(run.invoices()) == 1, "it waits for what is due next"
    [pending] = [line for line in run.pending() if "late" in line.key]
    assert (pending.invoice_at, pending.managed_by.value) == (at("2024-03-01"), "system")
    run.all(AFTER_FEBRUARY)
    first, second = run.invoices()
    [charged] = [line for line in second.lines if "late" in line.key]
    assert (charged.key[-7:], charged.quantity, charged.quantity_before) == ("late[1]", Decimal(4), Decimal(8))
    # 2 x 1 of the first tier, 2 x 0.333 of the second
    assert (first.totals.total, late_total(second)) == (Decimal(13), Decimal("2.67"))
    assert verified(run)
    assert idle(run, purse)
    known_late(run, ann, "13")
    run.all(AFTER_MARCH)
    assert [late_total(invoice) for invoice in run.invoices()] == [0, Decimal("2.67"), Decimal("0.33")]


def test_without_a_mark_nothing_is_read_again_and_a_profile_may_leave_late_usage_alone(
    run: Run, ann: str, api: Api
) -> None:
    run.used(ann, JANUARY, "12")
    run.all(AFTER_FEBRUARY)
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"invoicing": {"lateUsage": "ignore"}}))
    mark(run)
    run.all(AFTER_MARCH)
    assert sum(map(late_total, run.invoices())) == 0
    [told] = [one for one in api.ok("GET", PROFILES)["items"] if one["default"]]
    assert told["workflow"]["invoicing"]["lateUsage"] == "ignore"


def test_late_usage_of_who_left_is_billed_at_once_and_of_the_subjects_that_it_was_billed_of(run: Run) -> None:
    bob = run.customer("bob", subject_keys=("shared",))
    left = run.subscribe(bob, metered(price=UnitPrice(Decimal(1), Commitments(minimum=Decimal(10)))))
    canceled(run, left, at("2024-02-01"))
    run.used(bob, JANUARY, "4")
    run.all()
    with run.database.transaction(run.namespace) as transaction:
        customers = PostgresCustomers(transaction)
        found = customers.find(bob)
        assert found is not None
        transaction.execute("DELETE FROM customer_subjects WHERE namespace = %(namespace)s AND subject = 'shared'")
        transaction.commit()
    run.used(bob, JANUARY, "12")
    mark(run, "bob")
    run.all(AFTER_FEBRUARY)
    run.all(AFTER_MARCH)
    assert [invoice.totals.total for invoice in run.invoices()] == [10, 2]


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


def test_what_was_pending_as_late_and_is_taken_back_before_it_is_read_books_nothing_and_is_given_back(
    run: Run, ann: str, api: Api
) -> None:
    known_late(run, ann, "9")
    run.all()
    known_late(run, ann, "6")
    run.all(AFTER_FEBRUARY)
    assert [late_total(invoice) for invoice in run.invoices()] == [0, 0]
    run.all(AFTER_MARCH)
    assert [one["total"] for one in api.ok("GET", NOTES)["items"]] == ["2.00"]


def test_late_usage_of_what_credit_alone_settles_is_burnt_and_given_back(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))), settlement=SettlementMode.CREDIT_ONLY)
    run.used(ann, JANUARY, "8")
    purse.grant(ann, 100)
    run.all()
    known_late(run, ann, "12")
    run.all(AFTER_FEBRUARY)
    assert purse.settled(ann) == 88
    known_late(run, ann, "5")
    run.all(AFTER_FEBRUARY)
    assert purse.settled(ann) == 95
    assert idle(run, purse)
    assert run.invoices() == []
    assert (purse.sum_of(Account.ACCRUED), purse.sum_of(Account.EARNINGS)) == (Decimal(0), Decimal(5))


def test_what_credit_alone_settled_is_compared_for_those_it_was_read_of(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))), settlement=SettlementMode.CREDIT_ONLY)
    purse.grant(ann, 100)
    run.sync(at("2024-01-02"))
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("UPDATE invoices SET subject_keys = '{older}' WHERE namespace = %(namespace)s")
        transaction.commit()
    run.used(ann, JANUARY, "8")
    run.all()
    [line] = [
        one for one in run.rows("SELECT * FROM invoice_lines WHERE namespace = %(namespace)s") if not one["is_pending"]
    ]
    assert line["subjects"] == ["ann"], "the gathering invoice has those of its own making"
    known_late(run, ann, "12")
    run.all(AFTER_FEBRUARY)
    assert purse.settled(ann) == 88


def test_pending_late_usage_is_of_those_it_was_found_of_whoever_comes_later(run: Run, ann: str) -> None:
    known_late(run, ann, "12")
    run.all()
    [pending] = [line for line in run.pending() if "late" in line.key]
    assert pending.subjects == ("ann",)


def test_what_was_read_too_soon_for_marks_is_compared_once_more_beside_a_fee_in_advance(run: Run, api: Api) -> None:
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"collection": {"interval": "PT0S"}}))
    ann = run.customer("ann")
    run.subscribe(ann, fee(), metered(price=UnitPrice(Decimal(1))))
    run.used(ann, JANUARY, "8")
    run.now = at("2024-02-01T00:01:00Z")
    run.all(run.now)
    run.used(ann, JANUARY, "9")
    run.now = at("2024-02-01T00:59:00Z")
    run.all(run.now)
    assert not any("late" in line.key for line in run.pending())
    run.now = at("2024-02-01T01:01:00Z")
    run.all(run.now)
    assert any("late" in line.key for line in run.pending())


def test_what_credit_bore_too_soon_for_marks_is_compared_once_more_though_it_is_on_no_invoice(
    run: Run, api: Api, purse: Purse
) -> None:
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"collection": {"interval": "PT0S"}}))
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))), settlement=SettlementMode.CREDIT_ONLY)
    purse.grant(ann, 100)
    late = []
    for used, minute in (("8", "00:01"), ("9", "00:59"), ("9", "01:01"), ("9", "01:02")):
        run.used(ann, JANUARY, used)
        run.now = at(f"2024-02-01T{minute}:00Z")
        run.all(run.now)
        late.append(sum("late" in line.key for line in run.pending()))
    assert late == [0, 0, 1, 1]
    run.all(AFTER_FEBRUARY)
    assert purse.settled(ann) == 91


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


def test_a_period_whose_late_part_was_voided_has_nothing_before_it_when_it_is_read_again(run: Run, api: Api) -> None:
    run.app = FakeApp()
    terms = {"invoicing": {"draftPeriod": "P60D"}}
    found = run.customer("ann")
    run.subscribe(found, metered(price=tiers()))
    run.used(found, JANUARY, "8")
    run.now = AFTER_JANUARY
    run.all()
    known_late(run, found, "12")
    run.now = AFTER_FEBRUARY
    run.all(AFTER_FEBRUARY)
    first, second = run.invoices()
    api.ok("POST", PROFILES, api.profile(default=True, workflow=terms))
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    run.all(AFTER_FEBRUARY)
    [draft] = [one for one in run.invoices() if one.state is InvoiceState.DRAFT_WAITING_AUTO_APPROVAL]
    assert [line.quantity_before for line in draft.lines] == [Decimal(4)]
    api.ok("POST", f"{INVOICES}/{second.id}/void", PENDING)
    api.ok("POST", f"{INVOICES}/{draft.id}/taxes/recalculate")
    [again] = [line for one in run.invoices() if one.id == draft.id for line in one.lines]
    assert (again.quantity, again.quantity_before) == (Decimal(8), Decimal(0))
    assert VerifyInvoice(run.begin, run.usage)(run.namespace, draft.id).is_verified


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
