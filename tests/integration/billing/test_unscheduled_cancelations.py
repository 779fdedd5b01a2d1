"""A cancelation cuts what is charged in advance; taken back after the invoice, the rest is charged, too."""

from dataclasses import replace
from decimal import Decimal

from meterhouse.billing.profile import EndProration
from meterhouse.payments.sandbox import Sandbox
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, RemoveItem
from tests.integration.billing.audited import audited, kinds
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.test_edits_after_the_invoice import edit, given_back
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, profile_with
from tests.unit.subscriptions.samples import at, fee

IN_APRIL = at("2024-04-01T02:00:00Z")


def quarterly(run: Run) -> Subscription:
    """Subscribed to 90 a quarter, in advance, canceled to 1 May, and invoiced on 1 April."""
    made = run.subscribe(run.customer("ann"), fee(amount="90", cadence="P3M"), start="2024-04-01")
    run.change(replace(made, active_to=at("2024-05-01"), updated_at=run.now))
    run.all(IN_APRIL)
    return made


def totals(run: Run) -> list[Decimal]:
    return sorted(invoice.totals.total for invoice in run.invoices())


def test_after_the_cancelation_is_taken_back_the_rest_is_billed_once(run: Run) -> None:
    open_again = quarterly(run)
    assert totals(run) == [Decimal("29.67")]
    run.change(open_again)
    run.all(at("2024-04-03"))
    assert totals(run) == [Decimal("29.67"), Decimal("60.33")]
    before = run.everything()
    run.all(at("2024-04-03"))
    assert run.everything() == before


def billed_in_full(run: Run) -> Subscription:
    """All of the quarter is charged for, whose cancelation is taken back on 3 April."""
    run.app = Sandbox()
    profile = profile_with(end_proration=EndProration.BILL_FULL_PERIOD)
    with run.begin(run.namespace) as work:
        work.store.profiles.add(profile)
        work.commit()
    open_again = quarterly(run)
    assert totals(run) == [Decimal(90)]
    run.change(open_again)
    run.all(at("2024-04-03"))
    return open_again


def test_what_was_billed_in_full_has_no_rest(run: Run) -> None:
    billed_in_full(run)
    assert totals(run) == [Decimal(90)]


def test_what_was_billed_in_full_is_taken_off_what_follows_for_it_and_given_back_where_nothing_does(run: Run) -> None:
    dearer = edit(run, billed_in_full(run), AddItem("default", fee(amount="180", cadence="P3M")), when="2024-05-01")
    run.all(at("2024-05-01T02:00:00Z"))
    # 60.33 of the 90 are for the time from May on, and as much again is the difference
    assert (totals(run), given_back(run)) == ([Decimal("60.33"), Decimal(90)], [])
    edit(run, dearer, RemoveItem("default", "fee"), AddItem("default", fee("other", cadence="P3M")), when="2024-06-01")
    run.all(at("2024-06-01T02:00:00Z"))
    # 30 of 91 days, of each
    assert given_back(run) == [Decimal("29.67"), Decimal("29.67")]


def test_a_rest_that_was_voided_and_taken_back_is_billed_once_the_cancelation_is_taken_back_again(
    api: Api, run: Run
) -> None:
    run.app = FakeApp()
    open_again = quarterly(run)
    canceled = replace(open_again, active_to=at("2024-05-01"), updated_at=run.now)
    run.change(open_again)
    run.all(at("2024-04-03"))
    [rest] = [one.id for one in run.invoices() if one.totals.total == Decimal("60.33")]
    api.ok("POST", f"{INVOICES}/{rest}/void", PENDING)
    for agreed, standing in ((canceled, ["29.67"]), (open_again, ["29.67", "60.33"])):
        run.change(agreed)
        for _ in range(2):
            run.all(at("2024-04-03"))
            assert sorted(one.totals.total for one in run.invoices() if one.voided_at is None) == list(
                map(Decimal, standing)
            )
    audited(run)
    assert kinds(run) == []
