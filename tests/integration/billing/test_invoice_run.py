from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from meterhouse.billing.app import Accepted
from meterhouse.billing.invoice import Invoice
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.price import PaymentTerm
from meterhouse.kernel.errors import Unavailable
from meterhouse.payments.sandbox import TARGET_STATUS, Sandbox
from meterhouse.platform.ids import new_id
from meterhouse.rating.trace import is_genuine
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.unit.billing.samples import NOW, FakeApp, metered
from tests.unit.subscriptions.samples import at, fee

AFTER_MARCH = at("2024-04-01T02:00:00Z")


@dataclass
class Fragile(Sandbox):
    """Crashes when it is to collect from one of `victims`."""

    victims: set[str] = field(default_factory=set)

    def finalize(self, invoice: Invoice) -> Accepted:
        if invoice.customer_id in self.victims:
            raise RuntimeError("the app fell over")
        return super().finalize(invoice)


def amounts(invoice: Invoice) -> list[tuple[str, str, Decimal]]:
    return sorted((line.name, line.service_period.start.isoformat()[:10], line.totals.total) for line in invoice.lines)


def states(run: Run) -> list[str]:
    return [invoice.state.value for invoice in run.invoices()]


def numbers(invoices: Sequence[Invoice]) -> list[int]:
    return sorted(int(invoice.number.removeprefix("SANDBOX-")) for invoice in invoices)


def test_a_month_of_usage_becomes_one_paid_invoice(run: Run) -> None:
    customer = run.customer("ann")
    run.subscribe(customer)
    run.used(customer, "2024-01-01", "7")

    assert run.all().document() == {"succeeded": 1, "failed": []}

    [invoice] = run.invoices()
    assert invoice.state.value == "paid"
    assert invoice.number == "SANDBOX-000001"
    assert invoice.totals.total == Decimal("43.50")
    assert invoice.issued_at == AFTER_JANUARY
    assert invoice.due_at == at("2024-03-02T02:00:00Z")
    assert amounts(invoice) == [
        ("Fee", "2024-01-01", Decimal(20)),
        ("Fee", "2024-02-01", Decimal(20)),
        ("Usage", "2024-01-01", Decimal("3.50")),
    ]
    assert all(line.trace is not None and is_genuine(line.trace) for line in invoice.lines)


def test_running_again_changes_nothing_at_all(run: Run) -> None:
    for key in ("ann", "bob"):
        run.subscribe(run.customer(key))
    run.all()
    before = run.everything()
    run.now = at("2024-07-01")
    run.all()
    for step in (run.advance, run.collect, run.sync, run.collect, run.advance):
        step()
    assert run.everything() == before


def test_a_run_of_the_past_changes_nothing_after_one_of_the_present(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.all(AFTER_FEBRUARY)
    before = run.everything()
    run.all(AFTER_JANUARY)
    assert run.everything() == before


def test_every_month_has_its_own_invoice_and_numbers_have_no_gap(run: Run) -> None:
    for key in ("ann", "bob"):
        run.subscribe(run.customer(key), metered(), fee(term=PaymentTerm.IN_ARREARS))
    for as_of in (AFTER_JANUARY, AFTER_FEBRUARY, AFTER_MARCH):
        run.all(as_of)
    invoices = run.invoices()
    assert {invoice.state.value for invoice in invoices} == {"paid"}
    assert numbers(invoices) == [1, 2, 3, 4, 5, 6]
    assert sorted({amounts(invoice)[0][1] for invoice in invoices}) == ["2024-01-01", "2024-02-01", "2024-03-01"]


def test_no_line_is_billed_twice_however_the_runs_are_ordered(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    for as_of in (AFTER_FEBRUARY, AFTER_JANUARY, AFTER_MARCH, AFTER_JANUARY, AFTER_MARCH):
        run.all(as_of)
    keys = [line.key for invoice in run.invoices() for line in invoice.lines]
    assert len(keys) == len(set(keys)) == 7


def test_an_early_run_leaves_the_draft_waiting_for_late_usage(run: Run) -> None:
    customer = run.customer("ann")
    run.subscribe(customer)
    run.all(at("2024-02-01T00:30:00Z"))
    assert states(run) == ["draft.waiting_for_collection"]
    assert run.usage.asked == []
    run.used(customer, "2024-01-01", "100")
    run.all(AFTER_JANUARY)
    [invoice] = run.invoices()
    assert (invoice.state.value, invoice.totals.total) == ("paid", Decimal(90))


def test_one_query_answers_for_all_customers_of_a_feature_and_period(run: Run) -> None:
    customers = [run.customer(key, subject_keys=(f"{key}-1",)) for key in ("ann", "bob", "cem")]
    for customer in customers:
        run.subscribe(customer)
    run.all()
    [(feature, period, subjects)] = run.usage.asked
    assert (feature, period.start) == ("usage", at("2024-01-01"))
    assert subjects[customers[0]] == ("ann", "ann-1")
    assert set(subjects) == set(customers)


def test_without_the_usage_store_nothing_is_stored_and_the_next_run_resumes(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.sync()
    before = run.everything()
    run.usage.is_down = True
    with pytest.raises(Unavailable):
        run.collect()
    assert run.everything() == before
    run.usage.is_down = False
    run.all()
    assert states(run) == ["paid"]


def test_a_crash_in_a_step_rolls_that_customer_back_alone_and_takes_no_number(run: Run) -> None:
    ann, bob, cem = (run.customer(key) for key in ("ann", "bob", "cem"))
    for customer in (ann, bob, cem):
        run.subscribe(customer)
    run.sync()
    run.collect()
    run.app = Fragile(victims={bob})
    assert run.advance().document() == {
        "succeeded": 2,
        "failed": [{"customerId": bob, "reason": "RuntimeError: the app fell over"}],
    }
    assert numbers(run.invoices("paid")) == [1, 2]
    assert [invoice.state.value for invoice in run.invoices("draft")] == ["draft.validating"]
    run.app = Sandbox()
    assert run.advance().failed == {}
    assert numbers(run.invoices("paid")) == [1, 2, 3]


def test_a_refusal_is_reported_by_value_and_a_run_resumes_there(run: Run) -> None:
    customer = run.customer("ann")
    run.subscribe(customer)
    run.app = FakeApp({"finalize"})
    billed = run.all()
    [invoice] = run.invoices()
    reason = f"invoice {invoice.id} is in issuing.failed: no finalize today"
    assert billed.failed == {customer: reason}
    before = run.everything()
    assert run.advance().failed == {customer: reason}
    assert run.everything() == before
    run.app = Sandbox()
    assert run.advance().failed == {}
    assert states(run) == ["paid"]


def add_feature(run: Run, key: str) -> None:
    with run.database.transaction(run.namespace) as transaction:
        made = Feature(new_id(), FeatureSpec(key, key.title(), "meter"), NOW, NOW, meter_id=new_id())
        PostgresFeatures(transaction).add(made)
        transaction.commit()


def test_an_invalid_draft_tells_what_it_lacks_by_now(run: Run) -> None:
    run.subscribe(run.customer("ann"), metered("storage"), metered("traffic"))
    run.all()
    add_feature(run, "storage")
    run.all()
    [invoice] = run.invoices()
    assert [issue.code for issue in invoice.issues] == ["feature_not_found"]
    assert "/traffic/" in invoice.issues[0].message
    before = run.everything()
    run.all()
    assert run.everything() == before


def test_a_feature_that_is_missing_makes_an_invalid_draft_until_it_exists(run: Run) -> None:
    customer = run.customer("ann")
    run.subscribe(customer, metered("storage"))
    assert list(run.all().failed) == [customer]
    assert states(run) == ["draft.invalid"]
    before = run.everything()
    run.all()
    assert run.everything() == before
    add_feature(run, "storage")
    assert run.all().failed == {}
    assert states(run) == ["paid"]


def test_a_failed_payment_is_not_tried_again_by_runs(run: Run) -> None:
    run.subscribe(run.customer("ann", metadata={TARGET_STATUS: "failed"}))
    assert run.all().failed == {}
    assert states(run) == ["payment_processing.failed"]
    before = run.everything()
    run.all()
    assert run.everything() == before


def test_a_late_cancellation_takes_back_what_is_pending_and_not_what_was_invoiced(run: Run) -> None:
    subscription = run.subscribe(run.customer("ann"))
    run.all(AFTER_JANUARY)
    run.sync(AFTER_FEBRUARY)
    run.change(replace(subscription, active_to=at("2024-02-15"), updated_at=NOW))
    run.all(AFTER_FEBRUARY)
    run.all(AFTER_MARCH)
    [january, february] = run.invoices()
    assert amounts(january)[1] == ("Fee", "2024-02-01", Decimal(20))
    [usage] = february.lines
    assert usage.service_period.end == at("2024-02-15")
    assert run.pending() == []


def test_every_step_is_recorded_and_its_events_are_published_once(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    [invoice] = run.invoices()
    steps = run.rows("SELECT number, target FROM invoice_transitions WHERE namespace = %(namespace)s ORDER BY number")
    assert [step["number"] for step in steps] == list(range(1, invoice.step + 1))
    assert [steps[0]["target"], steps[-1]["target"]] == ["draft.waiting_for_collection", "paid"]
    events = run.rows(
        "SELECT type FROM outbox WHERE namespace = %(namespace)s AND subject LIKE 'invoice/%%' ORDER BY type"
    )
    kinds = [event["type"] for event in events]
    assert kinds == ["invoice.created", "invoice.issued", "invoice.paid", "invoice.updated"]


def test_a_customer_without_a_subscription_costs_nothing(run: Run) -> None:
    run.customer("ann")
    assert run.all().succeeded == 1
    assert run.invoices() == []
