"""Parts of a period that are voided, given up, discarded or corrected after they were billed, on the real database."""

from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.catalog.price import Tier, TieredPrice, TierMode
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.parts import AN_HOUR, TENTH, TWENTIETH, bill, charged, drafted, line, shown, used_by_day
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at

FIFTY_AT_ONE = TieredPrice(
    TierMode.GRADUATED,
    (Tier(Decimal(50), unit_amount=Decimal(1)), Tier(None, unit_amount=Decimal("0.1"))),
)


@pytest.fixture
def ann(run: Run) -> str:
    run.app = FakeApp()
    return run.customer("ann")


def test_a_voided_part_is_billed_again_with_what_came_late_and_the_sum_stays(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered(price=tiers()))
    first = bill(api, ann, TENTH, "8")
    bill(api, ann, TWENTIETH, "13")
    api.ok("POST", f"{INVOICES}/{first['id']}/void", PENDING)
    run.used(ann, "2024-01-01", "20")
    run.all()
    standing = [one for one in run.invoices() if one.state.value != "voided"]
    assert sum(one.totals.total for one in standing) == Decimal("18.33")
    again = [one for invoice in standing for one in invoice.lines if one.revision]
    assert [(one.service_period.end, one.key.count("split")) for one in again] == [(TENTH, 0)]


def test_a_part_that_is_billed_again_beside_a_rest_that_stands_keeps_its_period(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    first = bill(api, ann, TENTH, "10")
    run.used(ann, "2024-01-01", "14")
    run.all()
    api.ok("POST", f"{INVOICES}/{first['id']}/void", PENDING)
    run.sync()
    [again] = [one for one in run.pending() if one.revision]
    assert (again.service_period.end, again.whole_period and again.whole_period.end) == (TENTH, at("2024-02-01"))


def corrected(api: Api, run: Run, customer: str) -> str:
    """The id of the invoice of 100 units of January, of which 40 were taken back before the last part was read."""
    used_by_day(run, customer, {"2024-01-02": 100})
    run.subscribe(customer, metered())
    first = drafted(api, customer, TENTH)
    run.all(TENTH + AN_HOUR)
    used_by_day(run, customer, {"2024-01-02": 60})
    run.now = AFTER_JANUARY
    run.all()
    last = run.invoices()[-1]
    assert ([one.quantity for one in last.lines], last.totals.total, last.issues) == ([Decimal(0)], Decimal(0), ())
    return first


def test_a_last_part_that_would_take_off_more_than_all_else_books_nothing_and_a_note_gives_back(
    api: Api, run: Run, ann: str
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    first = corrected(api, run, ann)
    for _ in range(2):
        run.all()
    [note] = run.rows("SELECT * FROM credit_notes WHERE namespace = %(namespace)s")
    told = (note["invoice_id"], note["total"], note["refund"], note["is_automatic"])
    assert told == (first, Decimal(20), "credit", True)
    assert sum(invoice.totals.total for invoice in run.invoices()) == Decimal(50)


def test_what_a_last_part_does_not_take_off_is_charged_once_where_the_first_is_billed_again(
    api: Api, run: Run, ann: str
) -> None:
    first = corrected(api, run, ann)
    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    run.all()
    [again] = [line for invoice in run.invoices() for line in invoice.lines if line.revision]
    assert (again.quantity, again.totals.total) == (Decimal(60), Decimal(30))


@pytest.mark.parametrize("is_rated", [True, False])
def test_a_part_that_is_given_up_is_never_billed(api: Api, run: Run, ann: str, *, is_rated: bool) -> None:
    run.subscribe(ann, metered())
    api.without_auto_advance()
    run.used(ann, "2024-01-01", "10")
    run.now = TENTH
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": ann})
    if is_rated:
        run.collect(TENTH + AN_HOUR)
    api.ok("DELETE", f"{INVOICES}/{made['id']}")
    run.usage.used["usage", at("2024-01-01"), ann] = Decimal(10)
    run.sync()
    if is_rated:
        run.used(ann, "2024-01-01", "14")
    run.collect()
    [rest] = [invoice.lines[0] for invoice in run.invoices() if invoice.state.value != "deleted"]
    assert (rest.totals.total, rest.quantity_before) == (Decimal(2 if is_rated else 0), Decimal(10))
    assert VerifyInvoice(run.begin, run.usage)(run.namespace, made["id"]).is_verified


def test_a_part_after_one_that_was_given_up_keeps_its_amount_when_its_taxes_are_asked_for_again(
    api: Api, run: Run, ann: str
) -> None:
    used_by_day(run, ann, {"2024-01-02": 60, "2024-01-15": 40})
    run.subscribe(ann, metered(price=FIFTY_AT_ONE))
    api.without_auto_advance()
    given_up = drafted(api, ann, TENTH)
    api.ok("DELETE", f"{INVOICES}/{given_up}")
    second = drafted(api, ann, TWENTIETH)
    run.collect(TWENTIETH + AN_HOUR)
    run.advance(TWENTIETH + AN_HOUR)
    before = api.ok("GET", f"{INVOICES}/{second}")
    api.ok("POST", f"{INVOICES}/{second}/taxes/recalculate")
    after = api.ok("GET", f"{INVOICES}/{second}")
    assert (shown(before), before["totals"]["total"]) == (("2024-01-10", "2024-01-20", "60", "40"), "4.00")
    assert (shown(after), after["totals"]) == (shown(before), before["totals"])
    assert line(api.ok("GET", f"{INVOICES}/{given_up}"))["meteredQuantity"] == "60"


def test_a_discarded_part_is_never_billed(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    first = bill(api, ann, TENTH, "10")
    api.ok("POST", f"{INVOICES}/{first['id']}/void", DISCARD)
    run.used(ann, "2024-01-01", "14")
    run.all()
    assert charged(run) == [Decimal(5), Decimal(2)]


def test_a_part_billed_again_after_a_void_takes_no_invoice_below_zero(api: Api, run: Run, ann: str) -> None:
    """Else no run would ever come past that invoice: the later part, in a dearer tier, was charged more than is due."""
    dearer = (Tier(Decimal(20), unit_amount=Decimal(0)), Tier(None, unit_amount=Decimal(1)))
    sold = run.subscribe(ann, metered(price=TieredPrice(TierMode.GRADUATED, dearer)))
    run.change(replace(sold, active_to=at("2024-02-01")))
    used_by_day(run, ann, {"2024-01-05": 21, "2024-01-15": 30})
    api.run.now = TENTH + AN_HOUR
    first = drafted(api, ann, TENTH)
    run.all(TENTH + AN_HOUR)
    drafted(api, ann, TWENTIETH)
    run.all(TWENTIETH + AN_HOUR)
    assert charged(run) == [Decimal(1), Decimal(30)]

    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    used_by_day(run, ann, {"2024-01-15": 30, "2024-01-25": 40})
    run.now = TWENTIETH + AN_HOUR
    assert run.all(run.now).failed == {}
    assert sorted(invoice.totals.total for invoice in run.invoices() if invoice.state.value != "voided") == [0, 30]

    assert run.all(AFTER_JANUARY).failed == {}
    standing = [invoice for invoice in run.invoices() if invoice.state.value != "voided"]
    # 70 units on one line: none of the first 20 at a price
    assert sum(invoice.totals.total for invoice in standing) == 50


def test_what_a_later_part_was_charged_too_much_goes_back_once_it_is_paid(api: Api, run: Run, ann: str) -> None:
    dearer = (Tier(Decimal(20), unit_amount=Decimal(0)), Tier(None, unit_amount=Decimal(1)))
    sold = run.subscribe(ann, metered(price=TieredPrice(TierMode.GRADUATED, dearer)))
    run.change(replace(sold, active_to=at("2024-02-01")))
    used_by_day(run, ann, {"2024-01-05": 21, "2024-01-15": 30})
    first = drafted(api, ann, TENTH)
    run.now = TENTH + AN_HOUR
    run.all(run.now)
    second = drafted(api, ann, TWENTIETH)
    run.now = TWENTIETH + AN_HOUR
    run.all(run.now)
    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    used_by_day(run, ann, {"2024-01-15": 30})
    run.all(run.now)
    paid = PaymentReport("paid", Trigger.PAID, run.now)
    RecordPayment(run.begin, run.apps, lambda: run.now)(run.namespace, second, paid)

    for day in ("2024-02-02", "2024-03-05"):
        run.now = at(day)
        assert run.all(run.now).failed == {}

    standing = [invoice for invoice in run.invoices() if invoice.state.value != "voided"]
    assert sorted(invoice.totals.total for invoice in standing) == [0, 0, 30]
    # 30 units on one line: none of the first 20 at a price
    assert [row["total"] for row in run.rows("SELECT total FROM credit_note_lines")] == [20]
    verify = VerifyInvoice(run.begin, run.usage)
    assert all(verify(run.namespace, invoice.id).is_verified for invoice in standing)
