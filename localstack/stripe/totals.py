"""What an invoice comes to, and its end when it is paid."""

from decimal import ROUND_HALF_UP, Decimal

from localstack.stripe.account import Account, Obj, listed
from localstack.stripe.customers import live_customer
from localstack.stripe.tax import location_of, tax_of


def lines_of(account: Account, invoice_id: str) -> list[Obj]:
    """In the order in which they were added, as Stripe lists what was added to an invoice."""
    return [row for row in account.of("line_item").values() if row["invoice"] == invoice_id]


def settle(account: Account, invoice: Obj) -> None:
    """It is paid; what is due on it is no more."""
    paid = max(invoice["total"], 0) - invoice["pre_payment_credit_notes_amount"]
    invoice |= {"status": "paid", "amount_paid": paid, "attempted": True}
    invoice["status_transitions"]["paid_at"] = account.instant()
    owed(invoice)
    account.tell("invoice.paid", invoice)
    account.tell("invoice.payment_succeeded", invoice)


def recompute(account: Account, invoice: Obj) -> None:
    """Sums and taxes after the lines as they are; an invoice that is no draft keeps what it has."""
    if invoice["status"] != "draft":
        return
    customer, lines = live_customer(account, invoice["customer"]), lines_of(account, invoice["id"])
    tax, place = invoice["automatic_tax"], location_of(customer)
    tax["status"] = None if not tax["enabled"] else "complete" if place else "requires_location_inputs"
    for line in lines:
        behavior, taken = line["double_tax_behavior"], _taken_off(invoice, line)
        line["discount_amounts"] = [{"amount": taken, "discount": name} for name in invoice["discounts"]]
        net = line["amount"] - taken
        line["taxes"] = tax_of(account, customer, net, behavior) if tax["status"] == "complete" else []
    taxes = _of_invoice(account, customer, invoice, lines)
    subtotal = sum(line["amount"] for line in lines)
    taken = sum(_taken_off(invoice, line) for line in lines)
    inside = sum(one["amount"] for one in taxes if one["tax_behavior"] == "inclusive")
    on_top = sum(one["amount"] for one in taxes if one["tax_behavior"] == "exclusive")
    invoice |= {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inside,
        "total": subtotal - taken + on_top,
        "total_discount_amounts": [{"amount": taken, "discount": name} for name in invoice["discounts"]],
        "total_excluding_tax": subtotal - taken - inside,
        "total_taxes": taxes,
        "lines": listed(lines, {}, f"/v1/invoices/{invoice['id']}/lines"),
    }
    owed(invoice)


def _of_invoice(account: Account, customer: Obj, invoice: Obj, lines: list[Obj]) -> list[Obj]:
    """The invoice's taxes: those of its lines, or those of what its lines come to by their behaviour."""
    if not account.rounds_taxes_together or invoice["automatic_tax"]["status"] != "complete":
        return [one for line in lines for one in line["taxes"]]
    sums: dict[str | None, int] = {}
    for line in lines:
        behavior = line["double_tax_behavior"]
        sums[behavior] = sums.get(behavior, 0) + line["amount"] - _taken_off(invoice, line)
    return [one for behavior, amount in sums.items() for one in tax_of(account, customer, amount, behavior)]


def _taken_off(invoice: Obj, line: Obj) -> int:
    """What the invoice's discount, if it has one, takes off a line."""
    if not line["discountable"]:
        return 0
    percent: Decimal = invoice["double_percent_off"]
    return int((Decimal(line["amount"]) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


def owed(invoice: Obj) -> None:
    """What credit notes took off is due no more."""
    due = max(invoice["total"], 0) - invoice["pre_payment_credit_notes_amount"]
    invoice |= {"amount_due": due, "amount_remaining": due - invoice["amount_paid"]}
