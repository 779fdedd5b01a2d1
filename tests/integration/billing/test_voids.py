"""Voiding over HTTP on the real database: lines are billed again, or never."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.kernel.period import Period
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.subscriptions.patch import AddItem, Moment
from meterhouse.subscriptions.patching import patched
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, UNKNOWN, Api, problem_fields
from tests.integration.billing.parts import canceled
from tests.integration.billing.test_edits import LINE, chosen, put
from tests.unit.billing.samples import FakeApp, FakeUsage, metered
from tests.unit.subscriptions.samples import at, fee

PENDING = {"action": {"percentage": 100, "action": {"type": "pending"}}, "reason": "mistake"}
EDITED = at("2024-04-16")


def test_a_voided_invoice_may_be_billed_again_once(api: Api, run: Run) -> None:
    customer = run.customer("bob", metadata={TARGET_STATUS: "action_required"})
    run.subscribe(customer, metered())
    run.used(customer, "2024-01-01", "1")
    run.all()
    [first] = run.invoices()
    voided = api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert (voided["status"], voided["lines"][0]["totals"]["total"]) == ("voided", "0.50")
    assert api("POST", f"{INVOICES}/{first.id}/void", PENDING)[0] == 409
    run.used(customer, "2024-01-01", "2")
    run.all()
    run.all()
    _, second = sorted(run.invoices(), key=lambda invoice: invoice.step, reverse=True)
    assert {invoice.state.value for invoice in run.invoices()} == {"voided", "payment_processing.action_required"}
    assert second.number != first.number
    live = run.rows("SELECT key FROM invoice_lines WHERE namespace = %(namespace)s AND is_live AND NOT is_pending")
    assert len(live) == 1


def test_a_discarded_invoice_is_never_billed_again(api: Api, run: Run) -> None:
    bob = run.customer("bob", metadata={TARGET_STATUS: "failed"})
    run.subscribe(bob, metered())
    run.used(bob, "2024-01-01", "1")
    run.all()
    [first] = run.invoices()
    api.ok("POST", f"{INVOICES}/{first.id}/void", DISCARD)
    run.all()
    assert [invoice.state.value for invoice in run.invoices()] == ["voided"]


def test_a_void_of_a_part_or_of_other_lines_is_refused(api: Api, run: Run) -> None:
    run.app = FakeApp()
    bob = run.customer("bob")
    run.subscribe(bob, metered())
    run.used(bob, "2024-01-01", "1")
    run.all()
    [invoice] = run.invoices()
    half = {"action": {"percentage": 50, "action": {"type": "discard"}}, "reason": "half"}
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", half)
    assert (status, problem_fields(answer)) == (400, {"/action/percentage": "not_supported_yet"})
    strange = DISCARD | {"overrides": [{"lineId": UNKNOWN, "action": PENDING["action"]}]}
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", strange)
    assert (status, problem_fields(answer)) == (400, {"/overrides/0/lineId": "unknown_line"})


def test_a_void_that_names_a_line_twice_is_refused_and_nothing_is_voided(api: Api, run: Run) -> None:
    run.app = FakeApp()
    run.subscribe(run.customer("bob"), fee())
    run.all()
    [invoice] = run.invoices()
    said = [{"lineId": invoice.lines[0].id, "action": one["action"]} for one in (PENDING, DISCARD)]
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", DISCARD | {"overrides": said})
    assert (status, problem_fields(answer)) == (400, {"/overrides/1/lineId": "duplicate_line"})
    assert run.invoices() == [invoice]
    strange = {"lineId": UNKNOWN, "action": PENDING["action"]}
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", DISCARD | {"overrides": [said[0], strange]})
    assert (status, problem_fields(answer)) == (400, {"/overrides/1/lineId": "unknown_line"})
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", DISCARD | {"overrides": [strange] * 10_001})
    assert (status, problem_fields(answer)) == (400, {"/overrides": "too_long"})


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59Z", "5000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_line_is_billed_again_at_an_instant_that_periods_can_be_counted_from(
    api: Api, run: Run, instant: str
) -> None:
    run.app = FakeApp()
    run.subscribe(run.customer("bob"), fee())
    run.all()
    [invoice, *_] = run.invoices()
    later = {"percentage": 100, "action": {"type": "pending", "nextInvoiceAt": instant}}
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", {"action": later, "reason": "mistake"})
    assert (status, problem_fields(answer)) == (400, {"/action/action/nextInvoiceAt": "out_of_range"})
    beside = DISCARD | {"overrides": [{"lineId": invoice.lines[0].id, "action": later}]}
    status, answer = api("POST", f"{INVOICES}/{invoice.id}/void", beside)
    assert (status, problem_fields(answer)) == (400, {"/overrides/0/action/action/nextInvoiceAt": "out_of_range"})
    assert api.ok("GET", INVOICES)["items"]


@pytest.mark.parametrize("body", [None, "{", "[]", '""', {}, {"action": None}, {"reason": "x", "action": {}}])
def test_a_void_without_its_fields_is_refused(api: Api, body: object) -> None:
    assert api("POST", f"{INVOICES}/{UNKNOWN}/void", body)[0] == 400


@pytest.mark.parametrize("number", ["1e3", "NaN", "null", "100.5", "-100", "1e400"])
def test_no_odd_percentage_gets_past_the_schema(api: Api, number: str) -> None:
    body = f'{{"reason": "x", "action": {{"percentage": {number}, "action": {{"type": "discard"}}}}}}'
    assert api("POST", f"{INVOICES}/{UNKNOWN}/void", body)[0] == 400


def charged_a_difference(run: Run) -> None:
    """30 a month invoiced in advance, then 10 for a half at 50; neither is paid."""
    run.app = FakeApp()
    agreed = run.subscribe(run.customer("ann"), fee(amount="30"), start="2024-04-01")
    run.all(at("2024-04-01T02:00:00Z"))
    run.change(patched(agreed, [AddItem("default", fee(amount="50"))], Moment(EDITED, EDITED, KnownFeatures())))
    run.all(EDITED)


def test_a_line_is_not_billed_again_while_another_was_charged_the_difference_to_it(api: Api, run: Run) -> None:
    charged_a_difference(run)
    first, difference = run.invoices()
    assert [first.totals.total, difference.totals.total] == [Decimal(30), Decimal(10)]
    stored = run.everything()
    status, answer = api("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert (status, answer["code"]) == (409, "difference_charged")
    assert run.everything() == stored
    api.ok("POST", f"{INVOICES}/{difference.id}/void", PENDING)
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    run.all(EDITED)
    standing = [invoice for invoice in run.invoices() if invoice.state.value != "voided"]
    assert sum(invoice.totals.total for invoice in standing) == Decimal(40)


def test_a_line_is_given_up_whatever_was_charged_as_a_difference_to_it(api: Api, run: Run) -> None:
    charged_a_difference(run)
    api.ok("POST", f"{INVOICES}/{run.invoices()[0].id}/void", DISCARD)
    run.all(EDITED)
    standing = [invoice for invoice in run.invoices() if invoice.state.value != "voided"]
    assert [invoice.totals.total for invoice in standing] == [Decimal(10)]


def test_a_line_edited_by_hand_and_voided_comes_back_for_no_longer_than_it_is_asked_for(api: Api, run: Run) -> None:
    run.app = FakeApp()
    api.without_auto_advance()
    agreed = run.subscribe(run.customer("ann"), fee(amount="30"), start="2024-04-01")
    run.all(at("2024-04-01T02:00:00Z"))
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    [said] = [chosen(line, LINE) for line in draft["lines"]]
    price = said["rateCard"]["price"] | {"amount": "60"}
    put(api, draft, said | {"rateCard": said["rateCard"] | {"price": price}, "price": price})
    api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    run.change(replace(agreed, active_to=EDITED))
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", PENDING)
    run.all(at("2024-04-16T02:00:00Z"))
    [again] = [line for invoice in run.invoices("draft") for line in invoice.lines]
    assert (again.service_period.end, again.totals.total) == (EDITED, Decimal(30))


class UsageOfSubjects(FakeUsage):
    """Twelve units of whoever has the phone."""

    def quantities(
        self, _namespace: str, _feature: Feature, _period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        return {customer: Decimal(12) for customer, keys in subjects.items() if "phone" in keys}


def test_usage_that_is_billed_again_is_that_of_which_it_was_billed_whoever_has_the_subject_by_now(
    api: Api, run: Run
) -> None:
    run.app, run.usage = FakeApp(), UsageOfSubjects()
    ann = run.customer("ann", subject_keys=("phone",))
    canceled(run, run.subscribe(ann, metered(), fee()), at("2024-02-01"))
    run.all()
    first, *others = [one for one in run.invoices() if any(line.is_metered for line in one.lines)]
    assert others == []
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("DELETE FROM customer_subjects WHERE namespace = %(namespace)s AND subject = 'phone'")
        transaction.commit()
    run.customer("bob", subject_keys=("phone",))
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert [line.subjects for line in run.pending() if line.revision] == [
        first.subject_keys if line.is_metered else None for line in first.lines
    ]
    run.all()
    assert [one.totals.total for one in run.invoices() if one.voided_at is None] == [first.totals.total]
