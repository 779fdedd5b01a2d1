from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.collection import (
    Missing,
    collected,
    drafts,
    is_collectable,
    rated,
    scheduled,
    usage_of,
    waiting,
    with_lines,
)
from meterhouse.billing.drive import Driven
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Line
from meterhouse.billing.overages import overage_of
from meterhouse.billing.profile import EndProration, Workflow
from meterhouse.billing.reconcile import line_of, reconcile
from meterhouse.billing.rests import Known, divided
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.price import PaymentTerm
from meterhouse.kernel.duration import Duration
from meterhouse.kernel.period import Period
from meterhouse.rating.conventions import Conventions, CutPeriod
from meterhouse.rating.line import totals_of
from meterhouse.rating.trace import is_genuine
from meterhouse.subscriptions.target import target_lines
from tests.unit.billing.samples import CUSTOMER, NOW, PROFILE, draft, metered, pending, profile_with, tiers
from tests.unit.billing.samples import rated_draft as rated_one
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, fee, phase, subscription

AS_OF = at("2024-02-01T01:00:00Z")


def test_a_draft_of_metered_lines_waits_for_the_collection_interval() -> None:
    made = draft(fee(), metered())
    assert made.collection_at == at("2024-02-01T01:00:00Z")
    assert not is_collectable(waiting(made, at("2024-02-01")).invoice, at("2024-02-01T00:59:59Z"))
    assert is_collectable(waiting(made, at("2024-02-01")).invoice, at("2024-02-01T01:00:00Z"))


def test_a_draft_of_fees_alone_waits_for_nothing() -> None:
    made = draft(fee(), as_of="2024-01-01")
    assert made.collection_at is None
    assert is_collectable(waiting(made, at("2024-01-01")).invoice, at("2024-01-01"))


def test_a_draft_is_due_from_when_it_would_issue_itself_unless_no_calendar_goes_so_far() -> None:
    workflow = Workflow(draft_period=Duration("P2D"), due_after=Duration("P7D"))
    made = replace(draft(metered()), workflow=workflow)
    assert scheduled(made, AS_OF).due_by == at("2024-02-10T01:00:00Z")
    late = replace(scheduled(made, AS_OF), draft_until=at("9999-12-30"))
    assert (late.due_by, replace(late, due_at=NOW).due_by) == (None, NOW)


def test_the_draft_period_of_what_was_due_long_ago_begins_when_the_draft_is_made() -> None:
    slow = profile_with(draft_period=Duration("P2D"))
    for cards in ([metered()], [fee()]):
        due = [line for line in pending(*cards) if line.invoice_at <= AS_OF]
        [made] = drafts(due, {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: slow}, at("2024-03-15"), NOW)
        assert made.draft_until == at("2024-03-17")
        assert scheduled(made, at("2024-03-15")) == made


def test_the_draft_period_of_what_waits_for_usage_begins_after_that() -> None:
    made = draft(fee(), metered(), profile=profile_with(draft_period=Duration("P2D")), as_of="2024-02-01")
    assert made.draft_until == at("2024-02-03T01:00:00Z")


def test_the_same_lines_make_the_same_invoice_whenever_they_are_collected() -> None:
    due = [line for line in pending() if line.invoice_at <= AS_OF]
    again = drafts(due, {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: PROFILE}, AS_OF, at("2030-01-01"))
    assert [invoice.id for invoice in again] == [draft().id]


def by_other_ids(due: list[Line]) -> list[Line]:
    """As stores give them, were the ids in the opposite order of the keys."""
    last = sorted(due, key=lambda line: line.key, reverse=True)
    return [replace(line, id=f"{number}") for number, line in enumerate(last)]


def test_the_lines_of_a_draft_stand_as_they_are_read_back_whatever_their_ids() -> None:
    due = [line for line in pending(metered("a"), metered("b"), metered("c")) if line.invoice_at <= AS_OF]
    [made] = drafts(by_other_ids(due), {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: PROFILE}, AS_OF, NOW)
    assert [line.rate_card.key for line in made.lines] == ["a", "b", "c"]


def test_a_line_in_units_stands_where_what_credit_leaves_of_it_will() -> None:
    line = replace(pending(metered())[0], currency="CREDITS", invoice_currency="USD")
    assert line.place == overage_of(line, Decimal(3), {}, NOW).place


def test_an_issue_names_the_line_that_the_invoice_shows_in_its_place() -> None:
    due = [line for line in pending(metered("a"), metered("b")) if line.invoice_at <= AS_OF]
    [made] = drafts(by_other_ids(due), {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: PROFILE}, AS_OF, NOW)
    [known, unknown] = sorted(made.lines, key=lambda line: line.key)
    quantities: dict[str, Decimal | Missing] = {known.id: Decimal(1), unknown.id: Missing("feature_not_found", "gone")}
    [issue] = collected(waiting(made, AS_OF), quantities, AS_OF, NOW).invoice.issues
    assert (issue.field, unknown.rate_card.key in issue.message) == ("/lines/1", True)


def test_lines_of_two_currencies_make_two_invoices() -> None:
    dollars = [line for line in pending() if line.invoice_at <= AS_OF]
    euros = [replace(line, id=line.id[::-1], currency="EUR") for line in dollars]
    made = drafts([*dollars, *euros], {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: PROFILE}, AS_OF, NOW)
    assert [invoice.currency for invoice in made] == ["USD", "EUR"]


def test_the_copies_on_an_invoice_are_those_of_the_day() -> None:
    made = draft()
    assert (made.customer.name, made.subject_keys) == ("Ann", ("ann", "ann-1"))
    assert made.supplier.name == "House"
    assert made.period == Period(at("2024-01-01"), at("2024-03-01"))


def test_metadata_for_apps_comes_from_the_customer() -> None:
    metadata = {"openmeter.io/sandbox/target-payment-status": "failed", "mine": "x"}
    customer = replace(CUSTOMER, details=replace(CUSTOMER.details, metadata=metadata))
    due = [line for line in pending() if line.invoice_at <= AS_OF]
    [made] = drafts(due, {CUSTOMER_ID: customer}, {CUSTOMER_ID: PROFILE}, AS_OF, NOW)
    assert made.metadata == {"openmeter.io/sandbox/target-payment-status": "failed"}


def test_a_line_carries_its_detailed_lines_and_a_genuine_trace() -> None:
    [line] = [line for line in rated_one(metered(price=tiers())).invoice.lines if line.rate_card.is_metered]
    assert line.quantity == Decimal(12)
    assert line.totals.total == Decimal("15.67")
    assert line.totals == totals_of(line.detailed)
    assert line.trace is not None
    assert is_genuine(line.trace)


def test_a_fee_of_a_cut_period_is_prorated_unless_the_plan_says_otherwise() -> None:
    [line, *_] = pending(fee(term=PaymentTerm.IN_ARREARS))
    cut = replace(line, service_period=Period(at("2024-01-01"), at("2024-01-16")))
    assert rated(cut, Decimal(1), Workflow(), NOW).totals.total == Decimal("9.68")
    assert rated(replace(cut, is_prorated=False), Decimal(1), Workflow(), NOW).totals.total == Decimal(20)


def test_a_profile_may_charge_the_last_period_in_full_but_not_the_first_nor_one_cut_by_a_phase() -> None:
    monthly = fee(term=PaymentTerm.IN_ARREARS)
    phases = [phase("trial", "P15D", monthly), phase("paid", None, monthly)]
    agreed = subscription("2024-01-11", phases=phases, anchor="2024-01-01", end="2024-02-16")
    full = Workflow(end_proration=EndProration.BILL_FULL_PERIOD)
    lines = reconcile([agreed], [], Known(), at("2024-03-01"), NOW).added
    amounts = [rated(line, Decimal(1), full, NOW).totals.total for line in lines]
    assert amounts == [Decimal("9.68"), Decimal("3.87"), Decimal(20)]
    actual = [rated(line, Decimal(1), Workflow(), NOW).totals.total for line in lines]
    assert actual == [Decimal("9.68"), Decimal("3.87"), Decimal("10.34")]


def test_a_last_period_that_is_divided_is_charged_in_full_all_the_same() -> None:
    agreed = subscription("2024-01-01", [fee(amount="31")], end="2024-01-21")
    [whole] = [target for target in target_lines(agreed, at("2024-02-01")) if target.is_terminal]
    lines = [line_of(CUSTOMER_ID, part, NOW) for part in divided(whole, [at("2024-01-11")])]
    full = Workflow(end_proration=EndProration.BILL_FULL_PERIOD)
    assert [rated(line, Decimal(1), full, NOW).totals.total for line in lines] == [Decimal(10), Decimal(21)]
    assert [rated(line, Decimal(1), Workflow(), NOW).totals.total for line in lines] == [Decimal(10), Decimal(10)]


def test_a_missing_quantity_is_a_state_and_rating_goes_on_when_it_is_known() -> None:
    made = waiting(draft(), AS_OF)
    missing = {line.id: Missing("feature_not_found", "gone") for line in made.invoice.lines}
    invalid = collected(made, missing, AS_OF, NOW)
    assert invalid.invoice.state is InvoiceState.DRAFT_INVALID
    assert [issue.code for issue in invalid.invoice.issues] == ["feature_not_found"]
    again = Driven(invalid.invoice)
    assert is_collectable(again.invoice, AS_OF)
    assert collected(again, missing, AS_OF, NOW) == again
    other = {line.id: Missing("meter_not_found", "gone, too") for line in made.invoice.lines}
    later = collected(again, other, at("2024-02-02"), NOW)
    assert [(issue.code, issue.noticed_at) for issue in later.invoice.issues] == [("meter_not_found", at("2024-02-02"))]
    assert later.transitions == ()
    known = {line.id: Decimal(3) for line in made.invoice.lines}
    done = collected(again, known, AS_OF, NOW)
    assert (done.invoice.state, done.invoice.issues) == (InvoiceState.DRAFT_VALIDATING, ())


@given(st.lists(st.decimals(0, 10**9, places=6), min_size=1, max_size=5))
def test_an_invoice_is_always_the_sum_of_its_lines(quantities: list[Decimal]) -> None:
    line = next(line for line in draft(metered(price=tiers())).lines if line.rate_card.is_metered)
    lines = [
        rated(replace(line, id=str(number)), quantity, Workflow(), NOW) for number, quantity in enumerate(quantities)
    ]
    assert issues_of(with_lines(draft(), lines)) == ()


def test_a_cut_periods_commitments_are_prorated_where_the_profile_says_so() -> None:
    [line] = [line for line in rated_one().invoice.lines if line.rate_card.is_metered]
    half = Period(line.service_period.start, line.service_period.start + (line.service_period.duration / 2))
    cut = replace(line, service_period=half)
    assert usage_of(cut, Decimal(1), Workflow()).share == 1
    conventions = Conventions(commitments_of_a_cut_period=CutPeriod.PRORATED)
    assert usage_of(cut, Decimal(1), Workflow(conventions=conventions)).share == Fraction(1, 2)
