"""Invoices from draft to their end. Amounts are minor units, as everywhere in Stripe's API."""

from localstack.stripe.account import Account, Obj, listed, merged_metadata
from localstack.stripe.customers import live_customer, own_method
from localstack.stripe.discounts import discounts_of
from localstack.stripe.errors import invalid
from localstack.stripe.form import flag, required, whole
from localstack.stripe.totals import lines_of, recompute, settle

DAY = 86_400

_ON_DRAFTS_ALONE = {
    "automatic_tax",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "discounts",
    "due_date",
}


def create_invoice(account: Account, form: Obj) -> Obj:
    customer = live_customer(account, required(form, "customer"))
    method = form.get("collection_method", "charge_automatically")
    made = account.add(
        "invoice",
        "in",
        customer=customer["id"],
        currency=(form.get("currency") or customer["currency"] or "usd").lower(),
        status="draft",
        number=None,
        auto_advance=flag(form, "auto_advance"),
        automatic_tax=_automatic_tax(form),
        collection_method=method,
        due_date=_due(account, form, method),
        description=form.get("description"),
        **discounts_of(form, customer["discount"]),
        metadata=form.get("metadata") or {},
        billing_reason="manual",
        attempt_count=0,
        attempted=False,
        amount_paid=0,
        amount_overpaid=0,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        customer_tax_exempt=customer["tax_exempt"] or "none",
        default_payment_method=_method(account, form, customer["id"]),
        last_finalization_error=None,
        payment_settings={"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        issuer={"type": "self"},
        hosted_invoice_url=None,
        invoice_pdf=None,
        parent=None,
        status_transitions=dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
    )
    recompute(account, made)
    account.tell("invoice.created", made)
    return made


def get_invoice(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("invoice", name)


def list_invoices(account: Account, form: Obj) -> Obj:
    rows = [
        row
        for row in reversed(account.of("invoice").values())
        if form.get("customer") in (None, row["customer"]) and form.get("status") in (None, row["status"])
    ]
    return listed(rows, form, "/v1/invoices")


def update_invoice(account: Account, form: Obj, name: str) -> Obj:
    invoice = account.get("invoice", name)
    fixed = _ON_DRAFTS_ALONE & set(form)
    if fixed and invoice["status"] != "draft":
        raise invalid(f"This invoice is {invoice['status']}: {min(fixed)} can only be changed on a draft.")
    if "default_payment_method" in form:
        invoice["default_payment_method"] = _method(account, form, invoice["customer"])
    if "automatic_tax" in form:
        invoice["automatic_tax"] = _automatic_tax(form)
    if "discounts" in form:
        invoice |= discounts_of(form, None)
    invoice["collection_method"] = form.get("collection_method", invoice["collection_method"])
    if "days_until_due" in form or "due_date" in form or invoice["collection_method"] == "charge_automatically":
        invoice["due_date"] = _due(account, form, invoice["collection_method"])
    if "description" in form:
        invoice["description"] = form["description"] or None
    if "auto_advance" in form:
        invoice["auto_advance"] = flag(form, "auto_advance")
    invoice["metadata"] = merged_metadata(invoice["metadata"], form)
    recompute(account, invoice)
    account.tell("invoice.updated", invoice)
    return invoice


def delete_invoice(account: Account, _form: Obj, name: str) -> Obj:
    invoice = draft(account, name, "delete")
    for line in lines_of(account, name):
        del account.of("line_item")[line["id"]]
        account.of("invoiceitem").pop(line["parent"]["invoice_item_details"]["invoice_item"], None)
    del account.of("invoice")[name]
    account.tell("invoice.deleted", invoice)
    return {"id": name, "object": "invoice", "deleted": True}


def finalize_invoice(account: Account, form: Obj, name: str) -> Obj:
    """Number it, open it, and make its payment intent; what comes to nothing is paid at once."""
    invoice = account.get("invoice", name)
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.", "invoice_not_editable"
        )
    if "auto_advance" in form:
        invoice["auto_advance"] = flag(form, "auto_advance")
    recompute(account, invoice)
    _check_location(account, invoice)
    customer = live_customer(account, invoice["customer"])
    customer["currency"] = customer["currency"] or invoice["currency"]
    invoice |= {
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}",
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{name}",
        "invoice_pdf": f"https://pay.stripe.com/invoice/{name}/pdf",
    }
    customer["next_invoice_sequence"] += 1
    invoice["status_transitions"]["finalized_at"] = account.instant()
    account.tell("invoice.finalized", invoice)
    if invoice["total"] <= 0:
        settle(account, invoice)
    else:
        _make_payment(account, invoice)
    return invoice


def void_invoice(account: Account, _form: Obj, name: str) -> Obj:
    invoice = account.get("invoice", name)
    if invoice["status"] not in {"open", "uncollectible"}:
        raise invalid(f"You can only void open or uncollectible invoices; this one is {invoice['status']}.")
    return _ended(account, invoice, "void", "voided_at", "invoice.voided")


def mark_uncollectible(account: Account, _form: Obj, name: str) -> Obj:
    invoice = account.get("invoice", name)
    if invoice["status"] != "open":
        raise invalid(f"You can only mark open invoices uncollectible; this one is {invoice['status']}.")
    return _ended(account, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")


def send_invoice(account: Account, _form: Obj, name: str) -> Obj:
    invoice = account.get("invoice", name)
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] == "draft":
        finalize_invoice(account, {}, name)
    account.tell("invoice.sent", invoice)
    return invoice


def draft(account: Account, name: str, to_do: str) -> Obj:
    """The invoice, refused unless it is a draft."""
    invoice = account.get("invoice", name)
    if invoice["status"] != "draft":
        raise invalid(f"You can't {to_do} an invoice that is {invoice['status']}.", "invoice_not_editable")
    return invoice


def _check_location(account: Account, invoice: Obj) -> None:
    if invoice["automatic_tax"]["status"] != "requires_location_inputs":
        return
    message = "The customer's location isn't recognized. Set a valid customer address in order to calculate tax."
    invoice["last_finalization_error"] = {
        "type": "invalid_request_error",
        "code": "customer_tax_location_invalid",
        "message": message,
    }
    account.tell("invoice.finalization_failed", invoice)
    raise invalid(message, "customer_tax_location_invalid")


def _make_payment(account: Account, invoice: Obj) -> None:
    intent = account.add(
        "payment_intent",
        "pi",
        amount=invoice["total"],
        amount_received=0,
        currency=invoice["currency"],
        customer=invoice["customer"],
        payment_method=None,
        status="requires_payment_method",
        metadata={},
        last_payment_error=None,
        client_secret=f"{invoice['id']}_secret",
    )
    account.add(
        "invoice_payment",
        "inpay",
        invoice=invoice["id"],
        amount_requested=invoice["total"],
        amount_paid=None,
        currency=invoice["currency"],
        is_default=True,
        status="open",
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status_transitions={"canceled_at": None, "paid_at": None},
    )


def _ended(account: Account, invoice: Obj, status: str, instant: str, event: str) -> Obj:
    invoice["status"] = status
    invoice["status_transitions"][instant] = account.instant()
    account.tell(event, invoice)
    return invoice


def _method(account: Account, form: Obj, customer_id: str) -> str | None:
    name = form.get("default_payment_method")
    return own_method(account, customer_id, name, "default_payment_method") if name else None


def _automatic_tax(form: Obj) -> Obj:
    enabled = flag(form.get("automatic_tax") or {}, "enabled")
    liability = {"type": "self"} if enabled else None
    return {"enabled": enabled, "liability": liability, "status": None, "disabled_reason": None, "provider": None}


def _due(account: Account, form: Obj, method: str) -> int | None:
    given = "days_until_due" in form or "due_date" in form
    if method != "send_invoice":
        if given:
            raise invalid("You can only set a due date when the collection method is `send_invoice`.")
        return None
    if not given:
        raise invalid("You must pass `days_until_due` or `due_date` when the collection method is `send_invoice`.")
    if "due_date" in form:
        return whole(form, "due_date")
    return account.instant() + whole(form, "days_until_due") * DAY
