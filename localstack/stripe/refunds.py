"""Money given back: refunds of payments, and credit notes that make less due of an open invoice."""

from localstack.stripe.account import Account, Obj, listed
from localstack.stripe.errors import invalid
from localstack.stripe.form import required, whole
from localstack.stripe.payments import close_payment, payment_of
from localstack.stripe.totals import owed, settle


def create_refund(account: Account, form: Obj) -> Obj:
    """Of what a payment intent brought in; all that is left of it where no amount is named."""
    intent = account.get("payment_intent", required(form, "payment_intent"))
    if intent["status"] != "succeeded":
        raise invalid("This PaymentIntent does not have a successful charge to refund.")
    before = sum(
        one["amount"]
        for one in account.of("refund").values()
        if one["payment_intent"] == intent["id"] and one["status"] not in {"failed", "canceled"}
    )
    left = intent["amount_received"] - before
    amount = whole(form, "amount", left)
    if left <= 0:
        raise invalid("Charge has already been refunded.", "charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")
    made = account.add(
        "refund",
        "re",
        amount=amount,
        balance_transaction=None,
        charge=None,
        currency=intent["currency"],
        customer=intent["customer"],
        failure_balance_transaction=None,
        metadata=form.get("metadata") or {},
        payment_intent=intent["id"],
        payment_method=intent["payment_method"],
        pending_reason=None,
        reason=form.get("reason"),
        source_transfer_reversal=None,
        status="succeeded",
        transfer_reversal=None,
    )
    del made["livemode"]
    account.tell("refund.created", made)
    return made


def fail_refund(account: Account, name: str, reason: str = "expired_or_canceled_card") -> Obj:
    """What a bank does days later: the money comes back to the account."""
    refund = account.get("refund", name)
    refund |= {"status": "failed", "failure_reason": reason, "failure_balance_transaction": account.new_id("txn")}
    for kind in ("refund.failed", "refund.updated", "charge.refund.updated"):
        account.tell(kind, refund)
    return refund


def get_refund(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("refund", name)


def list_refunds(account: Account, form: Obj) -> Obj:
    rows = [
        row
        for row in reversed(account.of("refund").values())
        if form.get("payment_intent") in (None, row["payment_intent"])
    ]
    return listed(rows, form, "/v1/refunds")


def create_credit_note(account: Account, form: Obj) -> Obj:
    """Less is due; once nothing is, the invoice is paid and its payment canceled."""
    invoice = account.get("invoice", required(form, "invoice"))
    if invoice["status"] != "open":
        raise invalid(f"The double credits open invoices alone; this one is {invoice['status']}.")
    amount = whole(form, "amount")
    if not 0 < amount <= invoice["amount_remaining"]:
        remaining = invoice["amount_remaining"]
        raise invalid(f"The credit note amount ({amount}) is more than is remaining on the invoice ({remaining}).")
    number = 1 + sum(one["invoice"] == invoice["id"] for one in account.of("credit_note").values())
    made = account.add(
        "credit_note",
        "cn",
        amount=amount,
        amount_shipping=0,
        currency=invoice["currency"],
        customer=invoice["customer"],
        customer_balance_transaction=None,
        discount_amount=0,
        discount_amounts=[],
        invoice=invoice["id"],
        lines=listed([], {}, "/v1/credit_notes/lines"),
        memo=form.get("memo"),
        metadata=form.get("metadata") or {},
        number=f"{invoice['number']}-CN-{number:02d}",
        out_of_band_amount=None,
        pdf=f"https://pay.stripe.com/credit_notes/{number}/pdf",
        post_payment_amount=0,
        pre_payment_amount=amount,
        pretax_credit_amounts=[],
        reason=form.get("reason"),
        refunds=[],
        status="issued",
        subtotal=amount,
        total=amount,
        type="pre_payment",
    )
    invoice["pre_payment_credit_notes_amount"] += amount
    owed(invoice)
    account.tell("credit_note.created", made)
    if invoice["amount_remaining"] == 0:
        payment_of(account, invoice)["status"] = "canceled"
        close_payment(account, invoice, "canceled")
        settle(account, invoice)
    else:
        payment_of(account, invoice)["amount"] = invoice["amount_remaining"]
    return made


def void_credit_note(account: Account, name: str) -> None:
    """As whoever works in the dashboard may: what it took off is due again."""
    made = account.get("credit_note", name)
    invoice = account.get("invoice", made["invoice"])
    made["status"] = "void"
    invoice["pre_payment_credit_notes_amount"] -= made["amount"]
    owed(invoice)
    payment_of(account, invoice)["amount"] = invoice["amount_remaining"]
    account.tell("credit_note.voided", made)


def get_credit_note(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("credit_note", name)


def list_credit_notes(account: Account, form: Obj) -> Obj:
    rows = [
        row for row in reversed(account.of("credit_note").values()) if form.get("invoice") in (None, row["invoice"])
    ]
    return listed(rows, form, "/v1/credit_notes")
