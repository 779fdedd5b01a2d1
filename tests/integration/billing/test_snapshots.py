"""Reading usage at once, and taxes again, over HTTP on the real database."""

from decimal import Decimal

import pytest

from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, UNKNOWN, Api
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at

EARLY = at("2024-02-01T00:30:00Z")


@pytest.fixture
def waiting(run: Run) -> str:
    """A draft that waits half an hour more for late usage, on a profile that issues nothing by itself."""
    Api(run).without_auto_advance()
    customer = run.customer("ann")
    run.subscribe(customer, metered())
    run.used(customer, "2024-01-01", "7")
    run.now = EARLY
    run.all(EARLY)
    [invoice] = run.invoices()
    assert invoice.state.value == "draft.waiting_for_collection"
    return invoice.id


def test_a_snapshot_does_not_wait_for_late_usage(run: Run, api: Api, waiting: str) -> None:
    taken = api.ok("POST", f"{INVOICES}/{waiting}/snapshot-quantities")
    assert taken["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"
    assert taken["quantitySnapshotedAt"] == "2024-02-01T00:30:00Z"
    assert taken["totals"]["total"] == "3.50"
    before = run.everything()
    run.all(AFTER_JANUARY)
    assert run.everything() == before


def test_usage_is_snapshotted_once(run: Run, api: Api, waiting: str) -> None:
    api.ok("POST", f"{INVOICES}/{waiting}/snapshot-quantities")
    before = run.everything()
    status, answer = api("POST", f"{INVOICES}/{waiting}/snapshot-quantities")
    assert (status, answer["code"]) == (409, "invoice_state")
    assert run.everything() == before


def test_without_the_usage_store_nothing_is_snapshotted(run: Run, api: Api, waiting: str) -> None:
    run.usage.is_down = True
    before = run.everything()
    assert api("POST", f"{INVOICES}/{waiting}/snapshot-quantities")[0] == 503
    assert run.everything() == before


def test_taxes_are_asked_for_again_on_the_same_quantities(run: Run, api: Api, waiting: str) -> None:
    api.ok("POST", f"{INVOICES}/{waiting}/snapshot-quantities")
    [before] = run.invoices()
    run.used(before.customer_id, "2024-01-01", "999")
    run.app = FakeApp({"sync"})
    asked = api.ok("POST", f"{INVOICES}/{waiting}/taxes/recalculate")
    assert asked["statusDetails"]["extendedStatus"] == "draft.sync_failed"
    [after] = run.invoices()
    assert [line.quantity for line in after.lines] == [Decimal(7)]
    assert after.totals == before.totals
    assert after.quantity_snapshotted_at == before.quantity_snapshotted_at
    run.app = FakeApp()
    asked = api.ok("POST", f"{INVOICES}/{waiting}/taxes/recalculate")
    assert asked["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"


def test_an_invoice_without_amounts_has_no_taxes_yet(api: Api, waiting: str) -> None:
    status, answer = api("POST", f"{INVOICES}/{waiting}/taxes/recalculate")
    assert (status, answer["code"]) == (409, "invoice_not_rated")


@pytest.mark.parametrize("action", ["snapshot-quantities", "taxes/recalculate"])
def test_what_is_issued_or_unknown_is_left_as_it_is(run: Run, api: Api, action: str) -> None:
    run.app = FakeApp()
    run.subscribe(run.customer("ann"), metered())
    run.all()
    [invoice] = run.invoices()
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/{action}")
    assert (status, answer["code"]) == (409, "invoice_state")
    assert api("POST", f"{INVOICES}/{UNKNOWN}/{action}")[0] == 404
