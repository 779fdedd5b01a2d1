"""What apps report of payments, on the real database: once, in whatever order it comes."""

from datetime import datetime, timedelta
from itertools import count, permutations

import pytest

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.payment_report import PaymentReport, Recorded
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import Conflict, NotFound
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import UNKNOWN
from tests.unit.billing.samples import NOW, FakeApp, metered

T = Trigger
_keys = count()


def awaiting(run: Run, *waits: str) -> Invoice:
    """An issued invoice whose app reports the payment, or one that waits at `waits`."""
    run.app = FakeApp(waits=set(waits))
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "4")
    run.all()
    [invoice] = run.invoices()
    return invoice


def said(outcome: Trigger, minutes: int = 0, key: str | None = None) -> PaymentReport:
    return PaymentReport(key or f"event {next(_keys)}", outcome, NOW + timedelta(minutes=minutes), "the bank said so")


def record(run: Run, invoice: Invoice, report: PaymentReport, now: datetime | None = None) -> Recorded:
    return RecordPayment(run.begin, run.apps, lambda: now or run.now)(run.namespace, invoice.id, report)


def state(run: Run) -> str:
    [invoice] = run.invoices()
    return invoice.state.value


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (T.PAID, "paid"),
        (T.AUTHORIZED, "payment_processing.authorized"),
        (T.FAILED, "payment_processing.failed"),
        (T.ACTION_REQUIRED, "payment_processing.action_required"),
        (T.PAYMENT_OVERDUE, "overdue"),
        (T.PAYMENT_UNCOLLECTIBLE, "uncollectible"),
        (T.VOID, "voided"),
    ],
)
def test_a_report_moves_the_invoice_and_its_repeat_changes_nothing(run: Run, outcome: Trigger, expected: str) -> None:
    invoice = awaiting(run)
    report = said(outcome)
    assert record(run, invoice, report) is Recorded.APPLIED
    assert state(run) == expected
    before = run.everything()
    assert record(run, invoice, report) is Recorded.REPEATED
    assert run.everything() == before


def test_an_invoice_that_is_voided_at_the_app_is_never_billed_again(run: Run) -> None:
    invoice = awaiting(run)
    record(run, invoice, said(T.VOID))
    run.all()
    assert state(run) == "voided"
    assert {line.key for line in run.pending()}.isdisjoint(line.key for line in invoice.lines)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_reports_in_any_order_end_where_they_would_in_the_right_one(run: Run, order: tuple[int, ...]) -> None:
    invoice = awaiting(run)
    happened = [said(T.FAILED, 1), said(T.ACTION_REQUIRED, 2), said(T.PAID, 3)]
    for number in order:
        record(run, invoice, happened[number])
        record(run, invoice, happened[number])
    assert state(run) == "paid"


def test_what_happened_before_the_last_that_counted_is_outrun(run: Run) -> None:
    invoice = awaiting(run)
    assert record(run, invoice, said(T.ACTION_REQUIRED, 5)) is Recorded.APPLIED
    before = run.everything()
    assert record(run, invoice, said(T.FAILED, 4)) is Recorded.STALE
    assert run.everything() == before
    assert record(run, invoice, said(T.FAILED, 6)) is Recorded.APPLIED


def test_money_that_came_before_the_news_of_a_failure_is_there(run: Run) -> None:
    invoice = awaiting(run)
    record(run, invoice, said(T.FAILED, 5))
    assert record(run, invoice, said(T.PAID, 4)) is Recorded.APPLIED
    assert state(run) == "paid"


def test_nothing_follows_on_a_payment(run: Run) -> None:
    invoice = awaiting(run)
    record(run, invoice, said(T.PAID, 1))
    before = run.everything()
    for outcome in (T.FAILED, T.VOID, T.PAYMENT_UNCOLLECTIBLE, T.PAID):
        assert record(run, invoice, said(outcome, 2)) is Recorded.STALE
    assert run.everything() == before


def test_who_was_given_up_may_still_pay(run: Run) -> None:
    invoice = awaiting(run)
    for outcome, minutes in ((T.AUTHORIZED, 1), (T.PAYMENT_UNCOLLECTIBLE, 2), (T.PAID, 3)):
        assert record(run, invoice, said(outcome, minutes)) is Recorded.APPLIED
    assert state(run) == "paid"


def test_a_report_before_anybody_was_asked_to_pay_may_come_again_later(run: Run) -> None:
    invoice = awaiting(run, "sync")
    report = said(T.PAID)
    with pytest.raises(Conflict) as refused:
        record(run, invoice, report)
    assert refused.value.code == "invoice_state"
    run.app = FakeApp()
    run.advance()
    assert record(run, invoice, report) is Recorded.APPLIED


def test_a_report_of_what_was_deleted_is_stale(run: Run) -> None:
    invoice = awaiting(run, "sync")
    InvoiceActions(run.begin, run.usage, run.apps, lambda: run.now).delete(run.namespace, invoice.id)
    assert state(run) == "deleted"
    report = said(T.VOID)
    assert [record(run, invoice, report) for _ in range(2)] == [Recorded.STALE, Recorded.REPEATED]
    assert state(run) == "deleted"


def test_a_report_of_an_unknown_invoice_is_not_found(run: Run) -> None:
    with pytest.raises(NotFound):
        RecordPayment(run.begin, run.apps)(run.namespace, UNKNOWN, said(T.PAID))
