"""Usage that becomes known after its period was billed for the last time, on the real database."""

from decimal import Decimal

import pytest

from meterhouse.billing.state import InvoiceState
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import Commitments, UnitPrice
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.ledger.account import Account
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, Api
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
from tests.integration.billing.parts import canceled
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at, fee


@pytest.fixture
def ann(run: Run) -> str:
    return billed_january(run)


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
