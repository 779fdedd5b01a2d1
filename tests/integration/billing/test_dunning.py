"""Invoices that are not paid, by runs on the real database."""

from datetime import datetime, timedelta
from typing import Any

from meterhouse.payments.sandbox import TARGET_STATUS
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.unit.billing.samples import FakeApp, metered


def days_later(days: int) -> datetime:
    return AFTER_JANUARY + timedelta(days=days, minutes=1)


def state(run: Run) -> tuple[str, int]:
    [invoice] = run.invoices()
    return invoice.state.value, invoice.payment_attempt


def advanced(run: Run, days: int) -> tuple[str, int]:
    run.advance(days_later(days))
    return state(run)


def owing(run: Run, **details: Any) -> None:
    """A customer with something to pay for January."""
    ann = run.customer("ann", **details)
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "4")


def test_the_sandboxs_failures_are_tried_again_and_given_up_by_rule(run: Run) -> None:
    owing(run, metadata={TARGET_STATUS: "failed"})
    run.all()
    seen = [state(run), *(advanced(run, day) for day in (0, 1, 3, 5, 11, 19))]
    assert [attempt for _, attempt in seen] == [1, 1, 2, 2, 3, 4, 5]
    assert {reached for reached, _ in seen} == {"payment_processing.failed"}
    assert advanced(run, 20) == ("uncollectible", 5)


def test_a_run_that_is_repeated_asks_for_no_payment_again(run: Run) -> None:
    owing(run, metadata={TARGET_STATUS: "failed"})
    run.all()
    run.advance(days_later(1))
    before = run.everything()
    run.advance(days_later(1))
    run.advance(days_later(0))
    assert run.everything() == before


def test_who_does_not_pay_is_overdue_then_given_up_and_each_is_told_of_once(run: Run) -> None:
    run.app = FakeApp()
    owing(run)
    run.all()
    seen = [advanced(run, day)[0] for day in (0, 29, 30, 31, 59, 60, 61)]
    pending = "payment_processing.pending"
    assert seen == [pending, pending, "overdue", "overdue", "overdue", "uncollectible", "uncollectible"]
    told = run.rows("SELECT type FROM outbox WHERE namespace = %(namespace)s AND subject LIKE 'invoice/%%'")
    kinds = [event["type"] for event in told]
    assert (kinds.count("invoice.overdue"), kinds.count("invoice.uncollectible")) == (1, 1)
