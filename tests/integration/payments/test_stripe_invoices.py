"""A Stripe invoice from draft to paid, and what may go wrong on the way; nothing is ever there twice."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from localstack.stripe.payments import authenticate, collect
from localstack.stripe.totals import lines_of
from localstack.stripe.weather import Storm
from meterhouse.billing.installed_app import AppStatus
from meterhouse.billing.invoice import PAYMENT
from meterhouse.billing.profile import CollectionMethod
from meterhouse.kernel.errors import InvalidInput, NotFound, Unavailable
from meterhouse.payments.postgres import PostgresApps
from meterhouse.payments.stripe import API_KEY
from meterhouse.platform.ids import new_id
from tests.integration.billing.conftest import AFTER_FEBRUARY
from tests.integration.payments.stripe_run import StripeRun
from tests.unit.subscriptions.samples import at, fee

PAYS_LATER: dict[str, Any] = {"collection_method": CollectionMethod.SEND_INVOICE}
UNTAXED: dict[str, Any] = {"tax_enabled": False}


def issued(shop: StripeRun, card: str | None = "pm_card_visa", **workflow: Any) -> str:
    """The state of a month's invoice of 43.50 before taxes after one run."""
    buyer = shop.buyer("ann", card, **workflow)
    shop.subscribe(buyer)
    shop.used(buyer, "2024-01-01", "7")
    shop.all()
    return state(shop)


def state(shop: StripeRun) -> str:
    return shop.invoice().state.value


def test_stripe_numbers_taxes_and_charges_what_we_rated(shop: StripeRun) -> None:
    assert issued(shop) == "paid"
    invoice, [theirs] = shop.invoice(), shop.at_stripe()
    assert (invoice.number, invoice.external_id) == (theirs["number"], theirs["id"])
    assert (theirs["subtotal"], theirs["total"], theirs["status"]) == (4350, 5177, "paid")
    assert [line["amount"] for line in lines_of(shop.double.account, theirs["id"])] == [2000, 350, 2000]
    assert invoice.external_ids[PAYMENT].startswith("pi_")
    names = {line["id"] for line in lines_of(shop.double.account, theirs["id"])}
    assert names <= set(invoice.external_ids.values())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_signed_webhooks_twice_and_in_any_order_bring_a_draft_to_paid(shop: StripeRun, order: tuple[int, ...]) -> None:
    """The card fails first; the customer then confirms another payment: three events, one outcome."""
    assert issued(shop, "pm_card_authenticationRequired", **UNTAXED) == "payment_processing.action_required"
    [theirs] = shop.at_stripe()
    collect(shop.double.account, theirs["id"])
    authenticate(shop.double.account, theirs["id"])
    events = shop.events()
    assert [event["type"] for event in events] == [
        "invoice.payment_action_required",
        "invoice.payment_action_required",
        "invoice.paid",
    ]
    for number in order * 2:
        shop.deliver(events[number])
    assert state(shop) == "paid"
    assert shop.at_stripe()[0]["amount_paid"] == 4350
    steps = shop.rows("SELECT target FROM invoice_transitions WHERE namespace = %(namespace)s")
    assert [row["target"] for row in steps].count("paid") == 1


def test_an_event_of_the_past_is_read_as_what_holds_now(shop: StripeRun) -> None:
    assert issued(shop, "pm_card_chargeCustomerFail", **UNTAXED) == "payment_processing.failed"
    [failed] = shop.events()
    shop.client.v1.invoices.void_invoice(str(shop.invoice().external_id))
    assert shop.deliver(failed).message == "void: applied"
    assert state(shop) == "voided"


def test_what_is_sent_is_overdue_when_stripe_says_so_and_paid_after_all(shop: StripeRun) -> None:
    assert issued(shop, None, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    [theirs] = shop.at_stripe()
    shop.now = at("2024-07-15")
    collect(shop.double.account, theirs["id"])
    [overdue] = shop.events()
    assert overdue["type"] == "invoice.overdue"
    shop.deliver(overdue)
    assert state(shop) == "overdue"
    shop.client.v1.invoices.pay(theirs["id"], {"paid_out_of_band": True})
    shop.deliver(shop.events()[0])
    assert state(shop) == "paid"


def test_what_was_paid_at_stripe_is_not_given_up_although_no_event_told_of_it(shop: StripeRun) -> None:
    issued(shop, None, **PAYS_LATER, **UNTAXED)
    shop.now = at("2024-07-15")
    shop.advance(shop.now)
    assert state(shop) == "overdue"
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    shop.now = at("2024-09-15")
    shop.double.weather.storms.append(Storm("500", "GET", "/v1/invoices/.*"))
    with pytest.raises(Unavailable):
        shop.advance(shop.now)
    key = shop.secrets[shop.installed.id]
    shop.secrets[shop.installed.id] = {**key, API_KEY: "sk_test_revoked"}
    with pytest.raises(Unavailable):
        shop.advance(shop.now)
    assert state(shop) == "overdue"
    shop.secrets[shop.installed.id] = key
    shop.advance(shop.now)
    assert state(shop) == "paid"


def test_a_replay_after_the_tolerance_and_a_wrong_signature_are_refused(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    [event] = shop.events()
    with pytest.raises(InvalidInput) as refused:
        shop.deliver(event, age=301)
    assert [(one.field, one.code) for one in refused.value.problems] == [("stripe-signature:", "signature")]
    shop.deliver(event, age=290)
    for signature in (None, "", "t=1", "t=1,v1=00", "nonsense"):
        with pytest.raises(InvalidInput):
            shop.receive(shop.installed.id, "{}", signature)
    with pytest.raises(NotFound):
        shop.receive(new_id(), "{}", None)


def test_an_invoice_that_only_claims_to_be_ours_changes_nothing(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    [theirs], ours = shop.at_stripe(), shop.invoice()
    forged = shop.client.v1.invoices.create(
        {"customer": theirs["customer"], "currency": "usd", "metadata": {"meterhouse_invoice": ours.id}}
    )
    shop.events()
    shop.client.v1.invoices.finalize_invoice(forged.id)
    [paid] = shop.events()
    assert shop.deliver(paid).message == "no invoice of ours"
    assert state(shop) == "payment_processing.failed"


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


def test_a_crash_before_our_commit_finds_what_was_made_without_any_key(shop: StripeRun) -> None:
    buyer = shop.buyer("ann")
    shop.subscribe(buyer)
    shop.sync()
    shop.collect()
    [draft] = shop.invoices()
    app = shop.stripe_apps(shop.namespace, shop.installed)
    first = app.sync(draft)
    shop.double._keys._kept.clear()
    assert app.sync(draft) == first
    assert app.finalize(draft) == app.finalize(draft)
    [theirs] = shop.at_stripe()
    assert theirs["status"] == "open"
    shop.advance()
    assert state(shop) == "paid"
    assert len(shop.at_stripe()) == 1


def test_an_edited_draft_is_brought_to_what_ours_is_and_back(shop: StripeRun) -> None:
    buyer = shop.buyer("ann")
    shop.subscribe(buyer)
    shop.sync()
    shop.collect()
    [draft] = shop.invoices()
    app = shop.stripe_apps(shop.namespace, shop.installed)
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


def test_when_the_customer_was_sent_the_invoice_is_known_once_stripe_says_so(shop: StripeRun) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    [theirs] = shop.at_stripe()
    collect(shop.double.account, theirs["id"])
    [event] = shop.events()
    later = {**event, "id": "evt_later", "created": event["created"] + 60}
    for one in (later, event, event):
        shop.deliver(one)
    sent = shop.invoice().sent_to_customer_at
    assert (event["type"], sent and sent.timestamp()) == ("invoice.sent", event["created"])


def test_a_deleted_draft_is_gone_at_stripe_and_a_repeat_says_the_same(shop: StripeRun) -> None:
    issued(shop, auto_advance=False)
    ours, app = shop.invoice(), shop.stripe_apps(shop.namespace, shop.installed)
    assert app.delete(ours) == app.delete(ours)
    assert shop.at_stripe() == []


def test_a_failed_payment_is_tried_again_only_when_it_is_asked_for(shop: StripeRun) -> None:
    assert issued(shop, "pm_card_chargeCustomerFail", **UNTAXED) == "payment_processing.failed"
    shop.all(AFTER_FEBRUARY)
    [first] = [row for row in shop.at_stripe() if row["id"] == shop.invoices()[0].external_id]
    assert first["attempt_count"] == 1
    app = shop.stripe_apps(shop.namespace, shop.installed)
    for attempt, expected in ((1, 1), (2, 2), (2, 2)):
        payment = app.collect_payment(replace(shop.invoices()[0], payment_attempt=attempt))
        assert payment is not None
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


def test_a_confirmed_setup_makes_the_card_the_default(shop: StripeRun) -> None:
    buyer = shop.buyer("ann", None)
    intent = shop.client.v1.setup_intents.create({"customer": str(shop.at(buyer))})
    shop.client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    [event] = shop.events()
    received = shop.deliver(event)
    assert received.customer_id == shop.deliver(event).customer_id == buyer
    theirs = shop.client.v1.customers.retrieve(str(shop.at(buyer)))
    assert theirs.invoice_settings is not None
    assert received.message == f"{theirs.invoice_settings.default_payment_method} is the default payment method"
