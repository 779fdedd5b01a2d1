"""Our invoice and its copy at Stripe end together, whatever was done to either in between."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from localstack.stripe.discounts import discounts_of, give_coupon
from localstack.stripe.totals import recompute
from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.app import Payment
from meterhouse.billing.state import Trigger
from meterhouse.billing.void import Voiding
from meterhouse.kernel.errors import Conflict
from meterhouse.payments.customer_data import StripeCustomer
from meterhouse.payments.postgres import PostgresPayments
from meterhouse.payments.stripe import API_KEY
from meterhouse.payments.stripe_app import StripeApp
from meterhouse.platform.postgres import begins
from tests.integration.billing.given import INVOICES, Api, problem_codes
from tests.integration.billing.test_edits import edit_of
from tests.integration.payments.stripe_run import PAYS_LATER, UNTAXED, StripeRun, issued, state

FORGOTTEN = Voiding("a mistake", None, {})


def app_of(shop: StripeRun) -> StripeApp:
    return shop.stripe_apps(shop.namespace, shop.installed)


def void(shop: StripeRun) -> None:
    actions = InvoiceActions(shop.begin, shop.usage, shop.apps, lambda: shop.now)
    actions.void(shop.namespace, shop.invoice().id, FORGOTTEN)


def test_what_is_voided_here_is_voided_at_stripe_and_its_event_changes_nothing(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    shop.events()
    void(shop)
    assert (state(shop), [row["status"] for row in shop.at_stripe()]) == ("voided", ["void"])
    [event] = shop.events()
    assert shop.deliver(event).message == "void: stale"


def test_what_stripe_has_collected_meanwhile_is_not_voided(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    with pytest.raises(Conflict, match="paid at Stripe") as refused:
        void(shop)
    assert refused.value.code == "stripe_invoice_paid"
    assert state(shop) == "payment_processing.failed"


@pytest.mark.parametrize("workflow", [{}, UNTAXED])
def test_a_coupon_of_the_customer_at_stripe_takes_nothing_off(shop: StripeRun, workflow: dict[str, Any]) -> None:
    buyer = shop.buyer("ann", **workflow)
    give_coupon(shop.double.account, str(shop.at(buyer)), "25")
    shop.subscribe(buyer)
    shop.all()
    [theirs], ours = shop.at_stripe(), shop.invoice()
    assert (state(shop), theirs["subtotal"], theirs["amount_paid"]) == ("paid", 4000, int(ours.totals.total * 100))


def test_a_discount_that_somebody_gave_at_stripe_is_not_issued(shop: StripeRun) -> None:
    issued(shop, auto_advance=False)
    [theirs], ours = shop.at_stripe(), shop.invoice()
    give_coupon(shop.double.account, theirs["customer"], "25")
    theirs |= discounts_of({}, shop.double.account.get("customer", theirs["customer"])["discount"])
    recompute(shop.double.account, theirs)
    answer = app_of(shop).finalize(ours)
    assert getattr(answer, "code", answer) == "stripe_total_differs"
    assert shop.at_stripe()[0]["status"] == "draft"


def other_company(shop: StripeRun) -> str:
    """Another customer at Stripe, with a card, who is ours from now on."""
    v1, ours = shop.client.v1, shop.invoice().customer_id
    theirs = v1.customers.create({"name": "another", "address": {"country": "DE"}})
    method = v1.payment_methods.attach("pm_card_visa", {"customer": theirs.id})
    v1.customers.update(theirs.id, {"invoice_settings": {"default_payment_method": method.id}})
    shop.links.link(shop.namespace, shop.installed.id, ours, StripeCustomer(theirs.id))
    return theirs.id


def test_a_draft_of_who_was_linked_before_gives_way_to_one_of_who_is_linked_now(shop: StripeRun) -> None:
    issued(shop, auto_advance=False)
    app, [before] = app_of(shop), shop.at_stripe()
    now = other_company(shop)
    draft = replace(shop.invoice(), step=shop.invoice().step + 1)
    first = app.sync(draft)
    assert app.sync(draft) == first
    [theirs] = shop.at_stripe()
    assert (theirs["customer"], theirs["subtotal"]) == (now, 4350)
    assert before["id"] not in shop.double.account.of("invoice")


def test_who_is_not_linked_any_more_is_issued_nothing_and_not_charged(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED, auto_advance=False)
    [theirs], draft = shop.at_stripe(), shop.invoice()
    other_company(shop)
    answer = app_of(shop).finalize(draft)
    assert getattr(answer, "code", answer) == "stripe_customer_differs"
    shop.client.v1.invoices.finalize_invoice(theirs["id"])
    payment = app_of(shop).collect_payment(draft)
    assert isinstance(payment, Payment)
    assert (payment.trigger, "is not of cus_" in str(payment.reason)) == (Trigger.FAILED, True)
    assert theirs["attempt_count"] == 0


@pytest.mark.parametrize(("auto_advance", "left"), [(False, []), (True, ["void"])])
def test_without_a_link_the_copy_is_taken_back_all_the_same(
    shop: StripeRun, auto_advance: bool, left: list[str]
) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED, auto_advance=auto_advance)
    ours, [theirs] = shop.invoice(), shop.at_stripe()
    with begins(shop.database, PostgresPayments)(shop.namespace) as work:
        work.store.data.remove(ours.customer_id, shop.installed.id)
        work.commit()
    assert shop.at(ours.customer_id) is None
    app_of(shop).delete(ours)
    found = shop.double.account.of("invoice").get(theirs["id"])
    assert ([found["status"]] if found else []) == left


@pytest.mark.parametrize("crashes", [False, True])
def test_a_draft_that_was_deleted_at_stripe_is_made_once_more_and_issued_once(shop: StripeRun, crashes: bool) -> None:
    issued(shop, auto_advance=False)
    draft = replace(shop.invoice(), step=shop.invoice().step + 1)
    shop.client.v1.invoices.delete(str(draft.external_id))
    first = app_of(shop).finalize(draft)
    if crashes:
        assert app_of(shop).finalize(replace(draft, step=draft.step + 1)) == first
    [theirs] = shop.at_stripe()
    assert (theirs["id"], theirs["status"], theirs["total"]) == (getattr(first, "external_id", first), "open", 5177)


def test_what_stripe_collects_while_we_ask_for_it_is_paid(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    ours = replace(shop.invoice(), payment_attempt=2)

    def meanwhile() -> datetime:
        """Called once between reading and charging, and once after."""
        if shop.at_stripe()[0]["status"] == "open":
            shop.client.v1.invoices.pay(str(ours.external_id), {"paid_out_of_band": True})
        return shop.now

    app = StripeApp(lambda: shop.client, lambda name: shop.links.of(shop.namespace, shop.installed.id, name), meanwhile)
    assert app.collect_payment(ours) == Payment(Trigger.PAID)


def test_a_line_of_nothing_that_somebody_added_at_stripe_has_no_taxes_of_ours(shop: StripeRun) -> None:
    issued(shop, auto_advance=False)
    [theirs], ours = shop.at_stripe(), shop.invoice()
    shop.client.v1.invoices.add_lines(theirs["id"], {"lines": [{"amount": 0, "description": "thank you"}]})
    answer = app_of(shop).finalize(ours)
    assert set(getattr(answer, "taxes", ())) == {line.id for line in ours.lines}


def collected_draft(shop: StripeRun) -> Api:
    """A draft that Stripe has issued and collected, and whose issue was lost here."""
    issued(shop, **UNTAXED, auto_advance=False)
    shop.client.v1.invoices.finalize_invoice(str(shop.invoice().external_id))
    shop.client.v1.invoices.pay(str(shop.invoice().external_id))
    return Api(shop)


def test_what_stripe_has_collected_is_neither_edited_nor_deleted_but_issued(shop: StripeRun) -> None:
    api, path = collected_draft(shop), f"{INVOICES}/{shop.invoice().id}"
    stored = shop.everything()
    body = edit_of(api.ok("GET", path), description="another")
    for method, given in (("PUT", body), ("DELETE", None), ("POST", None)):
        status, answer = api(method, path + ("/snapshot-quantities" if method == "POST" else ""), given)
        assert (status, answer["code"]) == (409, "invoice_state" if method == "POST" else "invoice_collected")
    assert api("POST", f"{path}/taxes/recalculate")[1]["code"] == "invoice_collected"
    assert shop.everything() == stored
    assert api.ok("POST", f"{path}/approve")["status"] == "paid"


def lost_issue(shop: StripeRun) -> Api:
    """A draft that Stripe has issued to somebody who pays later, and whose issue was lost here."""
    issued(shop, None, **PAYS_LATER, **UNTAXED, auto_advance=False)
    shop.client.v1.invoices.finalize_invoice(str(shop.invoice().external_id))
    return Api(shop)


def test_what_stripe_has_issued_keeps_its_amounts_and_goes_on(shop: StripeRun) -> None:
    api, path = lost_issue(shop), f"{INVOICES}/{shop.invoice().id}"
    stored = shop.everything()
    shown = api.ok("GET", path)
    status, answer = api("PUT", path, edit_of(shown, *edit_of(shown)["lines"][1:]))
    assert (status, answer["code"]) == (409, "invoice_issued")
    assert api("POST", f"{path}/taxes/recalculate")[1]["code"] == "invoice_issued"
    assert shop.everything() == stored
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    assert api.ok("POST", f"{path}/approve")["status"] == "paid"


def test_a_draft_that_failed_and_that_stripe_has_issued_is_said_to_go_on_by_a_retry(shop: StripeRun) -> None:
    api, path = lost_issue(shop), f"{INVOICES}/{shop.invoice().id}"
    with shop.revoked():
        shown = api.ok("PUT", path, edit_of(api.ok("GET", path), description="another"))
    assert state(shop) == "draft.invalid"
    status, answer = api("PUT", path, edit_of(shown, *edit_of(shown)["lines"][1:]))
    assert (status, answer["code"]) == (409, "invoice_issued")
    assert "retry it" in answer["detail"]
    assert api.ok("POST", f"{path}/retry")["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"


def test_what_stripe_has_issued_is_taken_back_by_deleting_the_draft(shop: StripeRun) -> None:
    api, path = lost_issue(shop), f"{INVOICES}/{shop.invoice().id}"
    api.ok("DELETE", path)
    assert (state(shop), [row["status"] for row in shop.at_stripe()]) == ("deleted", ["void"])


@pytest.mark.parametrize("end", ["void_invoice", "mark_uncollectible"])
def test_a_draft_whose_copy_was_closed_at_stripe_is_said_to_be_so_and_can_be_deleted(shop: StripeRun, end: str) -> None:
    api, path = lost_issue(shop), f"{INVOICES}/{shop.invoice().id}"
    getattr(shop.client.v1.invoices, end)(str(shop.invoice().external_id))
    status, answer = api("PUT", path, edit_of(api.ok("GET", path), description="another"))
    assert (status, answer["code"]) == (409, "invoice_closed")
    api.ok("DELETE", path)
    assert (state(shop), [row["status"] for row in shop.at_stripe()]) == ("deleted", ["void"])


def test_a_draft_that_became_unlike_its_issued_copy_may_become_like_it_again(shop: StripeRun) -> None:
    """The key was refused, so that nobody knew; the customer pays what was issued."""
    api, path = lost_issue(shop), f"{INVOICES}/{shop.invoice().id}"
    shown = api.ok("GET", path)
    first, *others = edit_of(shown)["lines"]
    with shop.revoked():
        api.ok("PUT", path, edit_of(shown, *others))
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    shop.advance()
    assert (state(shop), [one.code for one in shop.invoice().issues]) == ("draft.sync_failed", ["stripe_total_differs"])
    del first["id"]
    api.ok("PUT", path, edit_of(shown, first, *others))
    assert state(shop) == "draft.manual_approval_needed"
    assert api.ok("POST", f"{path}/approve")["status"] == "paid"


def test_a_draft_whose_amounts_can_be_those_of_no_copy_may_become_like_its_issued_one_again(shop: StripeRun) -> None:
    api, path = lost_issue(shop), f"{INVOICES}/{shop.invoice().id}"
    shown = api.ok("GET", path)
    lines = edit_of(shown)["lines"]
    another = {name: value for name, value in lines[-1].items() if name != "id"}
    with shop.revoked():
        api.ok("PUT", path, edit_of(shown, *lines, *[another | {"name": f"n{number}"} for number in range(260)]))
    assert api.ok("POST", f"{path}/retry")["statusDetails"]["extendedStatus"] == "draft.invalid"
    assert [one.code for one in shop.invoice().issues] == ["too_many_lines"]
    api.ok("PUT", path, edit_of(shown, *lines))
    assert state(shop) == "draft.manual_approval_needed"
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    assert api.ok("POST", f"{path}/approve")["status"] == "paid"


def test_a_deletion_that_failed_comes_back_to_life_once_stripe_has_collected(shop: StripeRun) -> None:
    issued(shop, **UNTAXED, auto_advance=False)
    api, path, key = Api(shop), f"{INVOICES}/{shop.invoice().id}", shop.secrets[shop.installed.id]
    shop.secrets[shop.installed.id] = {**key, API_KEY: "sk_test_revoked"}
    status, answer = api("DELETE", path)
    assert (status, problem_codes(answer)) == (400, ["invoice_delete_failed", "stripe_unauthorized"])
    shop.advance()
    assert state(shop) == "delete.failed"
    shop.secrets[shop.installed.id] = key
    shop.client.v1.invoices.finalize_invoice(str(shop.invoice().external_id))
    shop.client.v1.invoices.pay(str(shop.invoice().external_id))
    shop.advance()
    assert state(shop) == "draft.manual_approval_needed"
    assert api.ok("POST", f"{path}/approve")["status"] == "paid"
    assert [row["amount_paid"] for row in shop.at_stripe()] == [int(shop.invoice().totals.total * 100)]


def test_a_deletion_that_failed_is_one_when_it_is_tried_again_and_charges_nobody(shop: StripeRun) -> None:
    issued(shop, **UNTAXED, auto_advance=False)
    api, path, key = Api(shop), f"{INVOICES}/{shop.invoice().id}", shop.secrets[shop.installed.id]
    shop.secrets[shop.installed.id] = {**key, API_KEY: "sk_test_revoked"}
    assert api("DELETE", path)[0] == 400
    shop.secrets[shop.installed.id] = key
    assert api.ok("POST", f"{path}/retry")["statusDetails"]["extendedStatus"] == "deleted"
    assert shop.at_stripe() == []


def test_an_edit_is_saved_though_stripe_refuses_the_key(shop: StripeRun) -> None:
    issued(shop, **UNTAXED, auto_advance=False)
    api, path, key = Api(shop), f"{INVOICES}/{shop.invoice().id}", shop.secrets[shop.installed.id]
    shop.secrets[shop.installed.id] = {**key, API_KEY: "sk_test_revoked"}
    edited = api.ok("PUT", path, edit_of(api.ok("GET", path), description="another"))
    assert (edited["description"], edited["statusDetails"]["extendedStatus"]) == ("another", "draft.invalid")
    assert [issue["code"] for issue in edited["validationIssues"]] == ["stripe_unauthorized"]
    shop.secrets[shop.installed.id] = key
    shop.advance()
    assert state(shop) == "draft.manual_approval_needed"


def test_an_event_is_read_at_stripe_while_nobody_else_works_on_the_customer(
    shop: StripeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a failure of one attempt, read before another one was made, would fail that, too."""
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    locks: list[int] = []
    client = shop.stripe_apps.client

    def watched(*named: Any) -> Any:
        [row] = shop.rows(
            "SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        locks.append(row["held"])
        return client(*named)

    monkeypatch.setattr(shop.stripe_apps, "client", watched)
    for event in shop.events():
        shop.deliver(event)
    assert locks == [1]
