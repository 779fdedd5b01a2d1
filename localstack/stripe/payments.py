"""Money for open invoices: what each test card does, and what Stripe collects by itself."""

from localstack.stripe.account import Account, Obj, listed
from localstack.stripe.customers import live_customer, own_method
from localstack.stripe.errors import Refusal, declined, invalid, needs_action
from localstack.stripe.form import flag
from localstack.stripe.totals import settle


def pay_invoice(account: Account, form: Obj, name: str) -> Obj:
    invoice = account.get("invoice", name)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", "invoice_already_paid")
    if invoice["status"] not in {"open", "uncollectible"}:
        raise invalid(f"Invoices that are {invoice['status']} cannot be paid.", "invoice_not_open")
    if flag(form, "paid_out_of_band"):
        close_payment(account, invoice, "canceled")
        settle(account, invoice)
        return invoice
    _charge(account, invoice, form.get("payment_method"))
    return invoice


def collect(account: Account, name: str) -> None:
    """What Stripe does by itself with an open invoice that advances automatically; its refusals become events."""
    invoice = account.get("invoice", name)
    if invoice["status"] != "open" or not invoice["auto_advance"]:
        return
    if invoice["collection_method"] == "send_invoice":
        late = invoice["due_date"] is not None and invoice["due_date"] < account.instant()
        account.tell("invoice.overdue" if late else "invoice.sent", invoice)
        return
    try:
        _charge(account, invoice, None)
    except Refusal:
        return


def authenticate(account: Account, name: str) -> Obj:
    """What the customer does when action is needed: say yes to the bank."""
    invoice = account.get("invoice", name)
    _succeed(account, invoice, payment_of(account, invoice))
    return invoice


def get_payment_intent(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("payment_intent", name)


def list_invoice_payments(account: Account, form: Obj) -> Obj:
    rows = [row for row in account.of("invoice_payment").values() if form.get("invoice") in (None, row["invoice"])]
    return listed(rows, form, "/v1/invoice_payments")


def payments_of(account: Account, invoice_id: str) -> list[Obj]:
    return [row for row in account.of("invoice_payment").values() if row["invoice"] == invoice_id]


def payment_of(account: Account, invoice: Obj) -> Obj:
    [payment] = payments_of(account, invoice["id"])
    return account.get("payment_intent", payment["payment"]["payment_intent"])


def _charge(account: Account, invoice: Obj, with_method: str | None) -> None:
    customer, intent = live_customer(account, invoice["customer"]), payment_of(account, invoice)
    default = invoice["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    name = with_method or default
    if name is None:
        raise invalid("There is no `default_payment_method` set on this Customer or Invoice.", "missing")
    own_method(account, customer["id"], name, "payment_method")
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    intent["payment_method"] = name
    match account.get("payment_method", name)["double_charge"]:
        case "succeeds":
            _succeed(account, invoice, intent)
        case "needs_action":
            intent["status"] = "requires_action"
            account.tell("invoice.payment_action_required", invoice)
            raise needs_action("This payment requires additional user action.", intent)
        case _:
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = {
                "code": "card_declined",
                "message": "Your card was declined.",
                "type": "card_error",
            }
            account.tell("invoice.payment_failed", invoice)
            raise declined("card_declined", "Your card was declined.", intent)


def _succeed(account: Account, invoice: Obj, intent: Obj) -> None:
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    close_payment(account, invoice, "paid")
    settle(account, invoice)


def close_payment(account: Account, invoice: Obj, status: str) -> None:
    for payment in payments_of(account, invoice["id"]):
        payment["status"] = status
        if status == "paid":
            payment["amount_paid"] = payment["amount_requested"]
            payment["status_transitions"]["paid_at"] = account.instant()
