"""Pages that Stripe hosts: checkout in mode setup, and the billing portal."""

from localstack.stripe.account import Account, Obj
from localstack.stripe.customers import confirm_setup_intent, create_setup_intent, live_customer
from localstack.stripe.errors import invalid
from localstack.stripe.form import required, whole

_KEPT = ("cancel_url", "success_url", "return_url", "client_reference_id", "locale", "currency", "customer_email")
_UI_MODES = {"hosted_page", "hosted", "embedded_page", "embedded", "elements", "custom"}


def create_checkout(account: Account, form: Obj) -> Obj:
    if required(form, "mode") != "setup":
        raise invalid("This double only serves checkout in mode setup.", param="mode")
    mode = form.get("ui_mode", "hosted_page")
    if mode not in _UI_MODES:
        raise invalid(f"Invalid ui_mode: {mode}", param="ui_mode")
    hosted = mode.startswith("hosted")
    if hosted and not form.get("success_url"):
        raise invalid("Missing required param: success_url.", "parameter_missing", "success_url")
    if not hosted and form.get("success_url"):
        raise invalid("You can only use success_url with a hosted page.", param="success_url")
    customer = live_customer(account, required(form, "customer"))
    intent = create_setup_intent(account, {"customer": customer["id"], **(form.get("setup_intent_data") or {})})
    name = account.new_id("page")
    return account.add(
        "checkout.session",
        "cs_test",
        mode="setup",
        customer=customer["id"],
        setup_intent=intent["id"],
        status="open",
        payment_status="no_payment_required",
        ui_mode=mode,
        metadata=form.get("metadata") or {},
        expires_at=whole(form, "expires_at", account.instant() + 86_400),
        url=f"https://checkout.stripe.com/c/pay/{name}" if hosted else None,
        client_secret=None if hosted else f"{name}_secret",
        payment_method_types=form.get("payment_method_types") or ["card"],
        **{kept: form.get(kept) for kept in _KEPT},
    )


def get_checkout(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("checkout.session", name)


def complete_checkout(account: Account, name: str, card: str) -> Obj:
    """What the customer does on the page: type in a card and confirm."""
    session = account.get("checkout.session", name)
    confirm_setup_intent(account, {"payment_method": card}, session["setup_intent"])
    session["status"] = "complete"
    account.tell("checkout.session.completed", session)
    return session


def create_portal(account: Account, form: Obj) -> Obj:
    customer = live_customer(account, required(form, "customer"))
    name = account.new_id("portal")
    return account.add(
        "billing_portal.session",
        "bps",
        customer=customer["id"],
        configuration=form.get("configuration", "bpc_double"),
        locale=form.get("locale"),
        return_url=form.get("return_url"),
        url=f"https://billing.stripe.com/p/session/{name}",
        flow=None,
        on_behalf_of=None,
    )
