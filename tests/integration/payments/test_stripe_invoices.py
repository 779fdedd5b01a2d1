"""A Stripe invoice from draft to paid, and what may go wrong on the way; nothing is ever there twice."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from localstack.stripe.totals import lines_of
from localstack.stripe.weather import Storm
from meterhouse.billing.app import Accepted, Payment
from meterhouse.billing.collection import with_lines
from meterhouse.billing.installed_app import AppStatus
from meterhouse.billing.invoice import PAYMENT, Invoice
from meterhouse.kernel.errors import Unavailable
from meterhouse.payments.postgres import PostgresApps
from meterhouse.payments.stripe import API_KEY
from meterhouse.payments.stripe_items import items_of
from tests.integration.billing.conftest import AFTER_FEBRUARY
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.payments.stripe_run import UNTAXED, StripeRun, issued, state
from tests.unit.subscriptions.samples import fee


def test_stripe_numbers_taxes_and_charges_what_we_rated(shop: StripeRun) -> None:
    assert issued(shop) == "paid"
    invoice, [theirs] = shop.invoice(), shop.at_stripe()
    assert (invoice.number, invoice.external_id) == (theirs["number"], theirs["id"])
    assert (theirs["subtotal"], theirs["total"], theirs["status"]) == (4350, 5177, "paid")
    assert [line["amount"] for line in lines_of(shop.double.account, theirs["id"])] == [2000, 350, 2000]
    assert invoice.external_ids[PAYMENT].startswith("pi_")
    names = {line["id"] for line in lines_of(shop.double.account, theirs["id"])}
    assert names <= set(invoice.external_ids.values())


@pytest.mark.parametrize(
    ("kind", "is_taxed", "calls"),
    [("429", False, 1), ("lost_after", False, 1), ("500_after", True, 1), ("500_kept", True, 2)],
)
def test_bad_weather_at_any_call_leaves_nothing_doubled(shop: StripeRun, kind: Any, is_taxed: bool, calls: int) -> None:
    """`calls`: how many stand for one in the next attempt; a fault that is kept is heard again first."""
    config = {"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}}
    buyer = shop.buyer("ann", tax_enabled=is_taxed, default_tax_config=config)
    shop.subscribe(buyer)
    shop.sync()
    shop.collect()
    skipped, is_done = 0, False
    while not is_done:
        shop.double.weather.storms[:] = [Storm(kind, skip=skipped)]
        try:
            shop.advance()
            is_done = True
        except Unavailable:
            skipped += calls
            assert skipped < 60
    assert skipped >= 10
    [theirs] = shop.at_stripe()
    assert (theirs["status"], theirs["subtotal"], theirs["attempt_count"]) == ("paid", 4000, 1)
    assert len(lines_of(shop.double.account, theirs["id"])) == 2
    assert state(shop) == "paid"


def drafted(shop: StripeRun) -> Invoice:
    """Of a month, and not yet told to Stripe."""
    shop.subscribe(shop.buyer("ann"))
    shop.sync()
    shop.collect()
    return shop.invoice()


def test_a_crash_before_our_commit_finds_what_was_made_without_any_key(shop: StripeRun) -> None:
    draft, app = drafted(shop), shop.stripe_apps(shop.namespace, shop.installed)
    first = app.sync(draft)
    shop.double._keys._kept.clear()
    assert app.sync(draft) == first
    assert app.finalize(draft) == app.finalize(draft)
    [theirs] = shop.at_stripe()
    assert theirs["status"] == "open"
    shop.advance()
    assert state(shop) == "paid"
    assert len(shop.at_stripe()) == 1


def test_more_positions_than_stripe_takes_are_one_for_each_line_and_go_back_to_parts(shop: StripeRun) -> None:
    buyer = shop.buyer("ann", **UNTAXED, auto_advance=False)
    Purse(shop).grant(buyer, 200)
    shop.subscribe(buyer, *(fee(f"fee-{number:03d}", "1.50") for number in range(70)))
    shop.all()
    assert state(shop) == "draft.manual_approval_needed"
    ours, [theirs] = shop.invoice(), shop.at_stripe()
    amounts = {
        line["metadata"]["meterhouse_line"]: line["amount"] for line in lines_of(shop.double.account, theirs["id"])
    }
    assert amounts == {line.id: int(line.totals.total * 100) for line in ours.lines}
    assert (len(amounts), theirs["total"]) == (140, 1000)
    assert sum(line.id in ours.external_ids for line in ours.lines) == 134
    app = shop.stripe_apps(shop.namespace, shop.installed)
    fewer = with_lines(replace(ours, step=ours.step + 1), ours.lines[-100:])
    for wanted, count in ((fewer, len(items_of(fewer))), (replace(ours, step=ours.step + 2), 140)):
        assert getattr(app.sync(wanted), "external_id", None) == theirs["id"]
        assert len(lines_of(shop.double.account, theirs["id"])) == count
    assert 100 < len(items_of(fewer)) <= 250
    Api(shop).ok("POST", f"{INVOICES}/{ours.id}/approve")
    assert (state(shop), shop.at_stripe()[0]["amount_paid"]) == ("paid", 1000)


def test_an_edited_draft_is_brought_to_what_ours_is_and_back(shop: StripeRun) -> None:
    draft, app = drafted(shop), shop.stripe_apps(shop.namespace, shop.installed)
    app.sync(draft)
    fewer = replace(draft, lines=draft.lines[:1], totals=draft.lines[0].totals)
    for wanted, count in ((fewer, 1), (draft, 2), (fewer, 1), (draft, 2)):
        draft = replace(draft, step=draft.step + 1)
        answer = app.sync(replace(wanted, step=draft.step))
        [theirs] = shop.at_stripe()
        assert getattr(answer, "external_id", answer) == theirs["id"]
        assert len(lines_of(shop.double.account, theirs["id"])) == count


def test_a_draft_that_somebody_changed_at_stripe_is_not_issued(shop: StripeRun) -> None:
    assert issued(shop, **UNTAXED, auto_advance=False) == "draft.manual_approval_needed"
    [theirs], ours = shop.at_stripe(), shop.invoice()
    shop.client.v1.invoices.add_lines(theirs["id"], {"lines": [{"amount": 1}]})
    answer = shop.stripe_apps(shop.namespace, shop.installed).finalize(ours)
    assert getattr(answer, "code", answer) == "stripe_total_differs"
    assert "comes to 4351" in getattr(answer, "message", "")
    assert shop.at_stripe()[0]["status"] == "draft"


@pytest.mark.parametrize(("enforced", "expected"), [(False, "paid"), (True, "draft.invalid")])
def test_without_a_place_to_tax_the_profile_decides(shop: StripeRun, enforced: bool, expected: str) -> None:
    buyer = shop.buyer("ann", address=None, tax_enforced=enforced)
    shop.subscribe(buyer)
    shop.all()
    assert state(shop) == expected
    [issue] = shop.invoice().issues
    assert (issue.code, issue.component) == ("customer_tax_location_invalid", "app.stripe")
    assert [row["automatic_tax"]["enabled"] for row in shop.at_stripe()] == ([] if enforced else [False])


def test_every_reason_not_to_take_an_invoice_is_told_at_once(shop: StripeRun) -> None:
    buyer = shop.buyer("ann", None, None, tax_enforced=True)
    shop.subscribe(buyer)
    shop.all()
    codes = {issue.code for issue in shop.invoice().issues}
    assert codes == {"payment_method_missing", "customer_tax_location_invalid"}
    stranger = shop.customer("bob")
    shop.pin(stranger)
    shop.subscribe(stranger)
    shop.all()
    told = {issue.code for one in shop.invoices() if one.customer_id == stranger for issue in one.issues}
    assert told == {"stripe_customer_missing"}


def test_a_revoked_key_is_a_reason_and_no_fault(shop: StripeRun) -> None:
    shop.secrets[shop.installed.id] = {**shop.secrets[shop.installed.id], API_KEY: "sk_test_revoked"}
    buyer = shop.buyer("ann")
    shop.subscribe(buyer)
    shop.all()
    assert state(shop) == "draft.invalid"
    assert [issue.code for issue in shop.invoice().issues] == ["stripe_unauthorized"]
    with shop.database.transaction(shop.namespace) as transaction:
        apps = PostgresApps(transaction)
        assert apps.by_ids([shop.installed.id])[shop.installed.id].status is AppStatus.UNAUTHORIZED
        assert not apps.refuse(shop.installed, shop.now), "what was changed since it was read stays"


def test_a_deleted_draft_is_gone_at_stripe_and_a_repeat_says_the_same(shop: StripeRun) -> None:
    issued(shop, auto_advance=False)
    ours, app = shop.invoice(), shop.stripe_apps(shop.namespace, shop.installed)
    assert len(shop.at_stripe()) == 1
    deleted = app.delete(ours)
    assert isinstance(deleted, Accepted)
    assert app.delete(ours) == deleted
    assert shop.at_stripe() == []


def test_a_failed_payment_is_tried_again_only_when_it_is_asked_for(shop: StripeRun) -> None:
    assert issued(shop, "pm_card_chargeCustomerFail", **UNTAXED) == "payment_processing.failed"
    shop.all(AFTER_FEBRUARY)
    [first] = [row for row in shop.at_stripe() if row["id"] == shop.invoices()[0].external_id]
    assert first["attempt_count"] == 1
    app = shop.stripe_apps(shop.namespace, shop.installed)
    for attempt, expected in ((1, 1), (2, 2), (2, 2)):
        payment = app.collect_payment(replace(shop.invoices()[0], payment_attempt=attempt))
        assert isinstance(payment, Payment)
        assert payment.trigger.value == "failed"
        assert first["attempt_count"] == expected


@pytest.mark.parametrize(("behavior", "amounts"), [("exclusive", ("0.50", "1.50")), ("inclusive", ("0.10", "0.10"))])
def test_taxes_of_lines_that_miss_a_cent_of_those_of_the_invoice_are_refused(
    shop: StripeRun, behavior: str, amounts: tuple[str, str]
) -> None:
    shop.double.account.rounds_taxes_together = True
    buyer = shop.buyer("ann", default_tax_config={"behavior": behavior})
    shop.subscribe(buyer, *(fee(f"fee-{number}", amount) for number, amount in enumerate(amounts)))
    shop.all()
    invoice = shop.invoice()
    assert [issue.code for issue in invoice.issues] == ["stripe_taxes_differ"]
    assert (state(shop), invoice.totals.taxes_total) == ("draft.sync_failed", Decimal(0))


def test_our_taxes_are_what_stripe_worked_out(shop: StripeRun) -> None:
    issued(shop)
    app, ours = shop.stripe_apps(shop.namespace, shop.installed), shop.invoice()
    answer = app.finalize(ours)
    taxes = getattr(answer, "taxes", {})
    assert sum(tax.exclusive for tax in taxes.values()) == Decimal("8.27")
    assert set(taxes) == {line.id for line in ours.lines}
