"""Invoices whose app is far away: handed over by runs, driven one at a time, on the real database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from meterhouse.billing.app import Accepted, Payment, Refused
from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import NotFound, Unavailable
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, UNKNOWN, Api
from tests.integration.billing.test_crashes import Dying
from tests.integration.billing.test_invoice_run import add_feature
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at, fee

EARLY = at("2024-02-01T00:30:00Z")


@dataclass
class FarAway(FakeApp):
    """Counts who was brought to it; may be down."""

    is_remote: bool = True
    retries_payments: bool = True
    asked: list[str] = field(default_factory=list)
    totals: list[Decimal] = field(default_factory=list)
    is_down: bool = False

    def validate(self, invoice: Invoice) -> list[Issue]:
        if self.is_down:
            raise Unavailable("the app does not answer")
        self.asked.append(invoice.id)
        self.totals.append(invoice.totals.total)
        return []


class Refusing(FakeApp):
    def sync(self, _invoice: Invoice) -> Refused:
        return Refused("refused", "no card")


@pytest.fixture
def far(run: Run) -> FarAway:
    run.app = app = FarAway()
    run.now = AFTER_JANUARY
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "4")
    return app


def drive(run: Run, now: datetime | None = None) -> dict[str, object]:
    [invoice] = run.invoices()
    use_case = DriveInvoice(run.begin, run.usage, run.apps, Dunning(), lambda: now or run.now)
    return use_case(run.namespace, invoice.id).document()


def state(run: Run) -> str:
    [invoice] = run.invoices()
    return invoice.state.value


def test_a_run_hands_over_what_it_must_not_call_and_calls_nobody(run: Run, far: FarAway) -> None:
    assert run.all().failed == {}
    [invoice] = run.invoices()
    assert (invoice.state.value, far.asked) == ("draft.validating", [])
    assert run.lifecycles.runs == {
        f"{invoice.id}-{invoice.step}-20240201": {"namespace": run.namespace, "invoiceId": invoice.id}
    }
    run.all()
    assert len(run.lifecycles.runs) == 1


def test_what_stays_where_it_is_is_handed_over_anew_on_the_next_day(run: Run, far: FarAway) -> None:
    far.is_down = True
    run.all()
    with pytest.raises(Unavailable):
        drive(run)
    run.advance(AFTER_JANUARY + timedelta(days=1))
    assert len(run.lifecycles.runs) == 2


def test_what_waits_for_its_instant_is_not_handed_over(run: Run, far: FarAway) -> None:
    run.now = EARLY
    run.all(EARLY)
    assert (state(run), run.lifecycles.runs) == ("draft.waiting_for_collection", {})
    assert far.asked == []


def test_a_run_at_the_very_end_of_the_draft_period_hands_the_draft_over(run: Run, far: FarAway) -> None:
    api = Api(run)
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"invoicing": {"draftPeriod": "P1D"}}))
    run.all()
    ends = AFTER_JANUARY + timedelta(days=1)
    assert drive(run) == {"state": "draft.waiting_auto_approval", "waitsUntil": "2024-02-02T02:00:00Z"}
    run.lifecycles.runs.clear()
    run.advance(ends - timedelta(seconds=1))
    assert run.lifecycles.runs == {}
    run.advance(ends)
    assert len(run.lifecycles.runs) == 1
    assert drive(run, ends)["state"] == "payment_processing.pending"
    assert len(far.asked) == 1


def test_a_driven_invoice_tells_why_its_last_attempt_failed(run: Run, far: FarAway) -> None:
    run.all()
    far.refuses = {"sync"}
    assert drive(run) == {"state": "draft.sync_failed", "waitsUntil": None}
    [first] = run.invoices()
    run.app = Refusing(is_remote=True)
    assert drive(run) == {"state": "draft.sync_failed", "waitsUntil": None}
    [second] = run.invoices()
    assert [issue.message for issue in (*first.issues, *second.issues)] == ["no sync today", "no card"]
    assert second.step == first.step


def test_usage_that_is_known_by_now_stays_known_when_the_next_step_fails(run: Run) -> None:
    run.app = FakeApp(issues=[Issue(Severity.CRITICAL, "no_address", "app.fake", "no address")], is_remote=True)
    run.subscribe(run.customer("ann"), metered("storage"))
    run.all()
    assert state(run) == "draft.invalid"
    add_feature(run, "storage")
    drive(run)
    [invoice] = run.invoices()
    assert (invoice.state.value, [issue.code for issue in invoice.issues]) == ("draft.invalid", ["no_address"])
    assert invoice.quantity_snapshotted_at is not None
    before = run.everything()
    drive(run)
    assert run.everything() == before


def test_an_invoice_goes_all_its_way_alone_and_says_until_when_it_waits(run: Run, far: FarAway) -> None:
    run.all()
    assert drive(run) == {"state": "payment_processing.pending", "waitsUntil": "2024-03-02T02:00:00Z"}
    far.payment = Payment(Trigger.PAID)
    assert drive(run) == {"state": "paid", "waitsUntil": None}


def test_one_that_waits_for_usage_is_collected_when_it_is_driven(run: Run, far: FarAway) -> None:
    run.now = EARLY
    run.all(EARLY)
    assert drive(run) == {"state": "draft.waiting_for_collection", "waitsUntil": None}
    assert drive(run, AFTER_JANUARY)["state"] == "payment_processing.pending"
    assert len(far.asked) == 1


@pytest.mark.parametrize(
    ("victim", "is_lost", "total"), [(1, True, "4.5"), (1, False, "2"), (2, True, "2"), (2, False, "2")]
)
def test_an_app_hears_of_saved_amounts_alone_whatever_dies_and_comes_late(
    run: Run, far: FarAway, victim: int, total: str, *, is_lost: bool
) -> None:
    run.now = EARLY
    run.all(EARLY)
    healthy, run.begin = run.begin, Dying(run.begin, victim, is_lost)
    with pytest.raises(Unavailable):
        drive(run, AFTER_JANUARY)
    run.begin = healthy
    [customer] = run.batch().ids
    run.used(customer, "2024-01-01", "9")
    drive(run, AFTER_JANUARY)
    [invoice] = run.invoices()
    assert invoice.totals.total == Decimal(total)
    assert set(far.totals) == {Decimal(total)}


def test_who_finds_nothing_to_do_does_not_wait_beside_who_moved_the_invoice(run: Run, far: FarAway) -> None:
    run.all()
    assert drive(run)["waitsUntil"] is not None
    before = run.everything()
    assert drive(run) == {"state": "payment_processing.pending", "waitsUntil": None}
    assert run.everything() == before
    assert len(far.asked) == 1


def test_dunning_goes_on_at_the_instants_waited_for(run: Run, far: FarAway) -> None:
    run.all()
    drive(run)
    overdue = drive(run, at("2024-03-02T02:00:01Z"))
    assert overdue == {"state": "overdue", "waitsUntil": "2024-04-01T02:00:00Z"}
    assert drive(run, at("2024-04-01T02:00:01Z")) == {"state": "uncollectible", "waitsUntil": None}
    assert len(far.asked) == 1


def test_a_wait_of_years_is_left_to_the_runs(run: Run, far: FarAway) -> None:
    api = Api(run)
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"invoicing": {"dueAfter": "P3Y"}}))
    run.all()
    assert drive(run) == {"state": "payment_processing.pending", "waitsUntil": None}
    assert len(far.asked) == 1


def test_an_app_that_does_not_answer_changes_nothing(run: Run, far: FarAway) -> None:
    run.all()
    far.is_down = True
    before = run.everything()
    with pytest.raises(Unavailable):
        drive(run)
    assert run.everything() == before


def test_a_workflow_that_cannot_be_started_fails_the_batch_which_may_be_run_again(run: Run, far: FarAway) -> None:
    run.lifecycles.is_down = True
    run.sync()
    run.collect()
    with pytest.raises(Unavailable):
        run.advance()
    run.lifecycles.is_down = False
    assert run.advance().failed == {}
    assert len(run.lifecycles.runs) == 1
    assert far.asked == []


def test_an_unknown_invoice_is_not_found(run: Run) -> None:
    with pytest.raises(NotFound):
        DriveInvoice(run.begin, run.usage, run.apps, Dunning())(run.namespace, UNKNOWN)


class Away(FakeApp):
    def sync(self, _invoice: Invoice) -> Accepted:
        raise Unavailable("the app does not answer")


def test_an_invoice_made_now_is_saved_before_its_app_hears_of_it(run: Run, api: Api) -> None:
    run.now, run.app = AFTER_JANUARY, Away()
    customer = run.customer("ann")
    run.subscribe(customer, fee())
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer})
    assert made["statusDetails"]["extendedStatus"] == "draft.validating"

    run.app = FakeApp(payment=Payment(Trigger.PAID))
    run.advance()
    assert [(invoice.id, invoice.state.value) for invoice in run.invoices()] == [(made["id"], "paid")]
