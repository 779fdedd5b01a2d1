"""Customers, their payment methods, and setup intents."""

from localstack.stripe.account import Account, Obj, listed, merged_metadata
from localstack.stripe.errors import declined, invalid
from localstack.stripe.form import required

TEST_CARDS = {
    "pm_card_visa": "succeeds",
    "pm_card_chargeCustomerFail": "declines",
    "pm_card_chargeDeclined": "declines",
    "pm_card_authenticationRequired": "needs_action",
}
"""Stripe's test payment methods that are served, and what a charge of each does."""

_PLAIN = ("email", "name", "phone", "description", "address", "shipping", "tax_exempt")


def create_customer(account: Account, form: Obj) -> Obj:
    made = account.add(
        "customer",
        "cus",
        **{name: form.get(name) for name in _PLAIN},
        metadata=form.get("metadata") or {},
        currency=None,
        balance=0,
        delinquent=False,
        default_source=None,
        discount=None,
        invoice_prefix=account.new_id("pre")[-8:].upper(),
        invoice_settings=_settings(),
        next_invoice_sequence=1,
        preferred_locales=[],
    )
    if form.get("payment_method"):
        attach(account, form["payment_method"], made)
    _apply_settings(account, made, form)
    account.tell("customer.created", made)
    return made


def update_customer(account: Account, form: Obj, name: str) -> Obj:
    found = get_customer(account, {}, name)
    if found.get("deleted"):
        raise invalid(f"No such customer: '{name}'", "resource_missing", "id")
    found |= {plain: form[plain] or None for plain in _PLAIN if plain in form}
    found["metadata"] = merged_metadata(found["metadata"], form)
    _apply_settings(account, found, form)
    account.tell("customer.updated", found)
    return found


def get_customer(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("customer", name)


def delete_customer(account: Account, _form: Obj, name: str) -> Obj:
    account.get("customer", name)
    gone = {"id": name, "object": "customer", "deleted": True}
    account.of("customer")[name] = gone
    account.tell("customer.deleted", gone)
    return gone


def live_customer(account: Account, name: str, param: str = "customer") -> Obj:
    """One that may still be used, or Stripe's refusal of the parameter that names it."""
    found = account.of("customer").get(name)
    if found is None or found.get("deleted"):
        raise invalid(f"No such customer: '{name}'", "resource_missing", param)
    return found


def list_customers(account: Account, form: Obj) -> Obj:
    rows = [row for row in reversed(account.of("customer").values()) if not row.get("deleted")]
    wanted = [row for row in rows if form.get("email") in (None, row["email"])]
    return listed(wanted, form, "/v1/customers")


def get_payment_method(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("payment_method", name)


def create_payment_method(account: Account, form: Obj) -> Obj:
    token = (form.get("card") or {}).get("token", "tok_visa")
    return _card(account, f"pm_card_{token.removeprefix('tok_')}")


def attach_payment_method(account: Account, form: Obj, name: str) -> Obj:
    return attach(account, name, live_customer(account, required(form, "customer")))


def list_payment_methods(account: Account, form: Obj, customer: str) -> Obj:
    rows = [row for row in reversed(account.of("payment_method").values()) if row["customer"] == customer]
    return listed(rows, form, f"/v1/customers/{customer}/payment_methods")


def attach(account: Account, name: str, customer: Obj) -> Obj:
    """The payment method as the customer's own; a test card's name makes a new one."""
    method = _card(account, name) if name in TEST_CARDS else account.get("payment_method", name)
    if method["customer"] not in (None, customer["id"]):
        raise invalid("The payment method is attached to another customer", "payment_method_unexpected_state")
    method["customer"] = customer["id"]
    account.tell("payment_method.attached", method)
    return method


def detach_payment_method(account: Account, _form: Obj, name: str) -> Obj:
    """The customer has it no more, and it is nobody's default."""
    method = account.get("payment_method", name)
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    settings = account.get("customer", method["customer"])["invoice_settings"]
    if settings["default_payment_method"] == name:
        settings["default_payment_method"] = None
    method["customer"] = None
    account.tell("payment_method.detached", method)
    return method


def own_method(account: Account, customer_id: str, name: str, param: str) -> str:
    """The name of a payment method that is the customer's, or Stripe's refusal of the parameter that says it."""
    found = account.of("payment_method").get(name)
    if found is None or found["customer"] != customer_id:
        raise invalid(f"The customer does not have a payment method with the ID {name}.", "resource_missing", param)
    return name


def create_setup_intent(account: Account, form: Obj) -> Obj:
    return account.add(
        "setup_intent",
        "seti",
        customer=form.get("customer"),
        payment_method=form.get("payment_method"),
        metadata=form.get("metadata") or {},
        status="requires_confirmation" if form.get("payment_method") else "requires_payment_method",
        usage=form.get("usage", "off_session"),
        payment_method_types=["card"],
        last_setup_error=None,
        client_secret=f"{account.new_id('secret')}_secret",
    )


def get_setup_intent(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("setup_intent", name)


def confirm_setup_intent(account: Account, form: Obj, name: str) -> Obj:
    """What the customer does in the browser: give a card."""
    intent = account.get("setup_intent", name)
    card = form.get("payment_method") or intent["payment_method"] or "pm_card_visa"
    if TEST_CARDS.get(card) == "declines" and card == "pm_card_chargeDeclined":
        intent |= {"status": "requires_payment_method"}
        account.tell("setup_intent.setup_failed", intent)
        raise declined("card_declined", "Your card was declined.", intent)
    intent["payment_method"] = attach(account, card, live_customer(account, intent["customer"]))["id"]
    intent["status"] = "succeeded"
    account.tell("setup_intent.succeeded", intent)
    return intent


def _settings() -> Obj:
    return {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}


def _apply_settings(account: Account, customer: Obj, form: Obj) -> None:
    given = form.get("invoice_settings") or {}
    if "default_payment_method" not in given:
        return
    name = given["default_payment_method"] or None
    if name is not None:
        own_method(account, customer["id"], name, "invoice_settings[default_payment_method]")
    customer["invoice_settings"]["default_payment_method"] = name


def _card(account: Account, name: str) -> Obj:
    if name not in TEST_CARDS:
        raise invalid(f"No such PaymentMethod: '{name}'", "resource_missing", "payment_method")
    card = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2040, "funding": "credit", "country": "US"}
    return account.add(
        "payment_method",
        "pm",
        type="card",
        card=card,
        customer=None,
        billing_details={"address": None, "email": None, "name": None, "phone": None},
        metadata={},
        double_charge=TEST_CARDS[name],
        allow_redisplay="unspecified",
    )
