"""Lines of drafts, which are invoice items seen from their invoice."""

from localstack.stripe.account import Account, Obj, listed, merged_metadata
from localstack.stripe.errors import invalid
from localstack.stripe.form import required, whole
from localstack.stripe.tax import check_taxable
from localstack.stripe.totals import lines_of, recompute

MOST_ITEMS = 250
"""Items of an invoice, says the SDK's page on `InvoiceItem.create`; lines that one bulk call takes."""


def list_lines(account: Account, form: Obj, name: str) -> Obj:
    account.get("invoice", name)
    return listed(lines_of(account, name), form, f"/v1/invoices/{name}/lines")


def create_item(account: Account, form: Obj) -> Obj:
    invoice = _editable(account, required(form, "invoice"))
    if required(form, "customer") != invoice["customer"]:
        raise invalid("The invoice belongs to another customer.", param="customer")
    _check_room(account, invoice["id"], 1)
    currency = str(form.get("currency") or invoice["currency"]).lower()
    if currency != invoice["currency"]:
        raise invalid(f"The invoice is in {invoice['currency']}, not in {currency}.", param="currency")
    return _added(account, invoice, form)


def get_item(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("invoiceitem", name)


def update_item(account: Account, form: Obj, name: str) -> Obj:
    item = account.get("invoiceitem", name)
    _changed(account, _line_of(account, item), form)
    return item


def delete_item(account: Account, _form: Obj, name: str) -> Obj:
    _removed(account, _line_of(account, account.get("invoiceitem", name)))
    return {"id": name, "object": "invoiceitem", "deleted": True}


def add_lines(account: Account, form: Obj, name: str) -> Obj:
    invoice = _editable(account, name)
    _check_room(account, name, len(_batch(form)))
    for given in _batch(form):
        check_taxable(account, invoice, whole(given, "amount"), None)
    for given in _batch(form):
        _added(account, invoice, given)
    return invoice


def update_lines(account: Account, form: Obj, name: str) -> Obj:
    """All or none: the lines are looked up before the first is changed."""
    invoice = _editable(account, name)
    pairs = [(_own(account, name, given), given) for given in _batch(form)]
    for line, given in pairs:
        check_taxable(account, invoice, whole(given, "amount", line["amount"]), line["double_tax_behavior"])
    for line, given in pairs:
        _changed(account, line, given)
    return invoice


def remove_lines(account: Account, form: Obj, name: str) -> Obj:
    invoice = _editable(account, name)
    for line in [_own(account, name, given) for given in _batch(form)]:
        _removed(account, line)
    return invoice


def _check_room(account: Account, name: str, more: int) -> None:
    if len(lines_of(account, name)) + more > MOST_ITEMS:
        raise invalid(f"You have reached the maximum of {MOST_ITEMS} items for this invoice.")


def _batch(form: Obj) -> list[Obj]:
    given = form.get("lines") or []
    if not given or len(given) > MOST_ITEMS:
        raise invalid(f"lines must have between 1 and {MOST_ITEMS} elements.", param="lines")
    return list(given)


def _own(account: Account, invoice_id: str, given: Obj) -> Obj:
    line = account.of("line_item").get(required(given, "id"))
    if line is None or line["invoice"] != invoice_id:
        raise invalid(f"No such invoice line item: '{given['id']}'", "resource_missing", "lines")
    return line


def _editable(account: Account, name: str) -> Obj:
    invoice = account.get("invoice", name)
    if invoice["status"] != "draft":
        raise invalid(f"The invoice is {invoice['status']} and can't be modified.", "invoice_not_editable")
    return invoice


def _line_of(account: Account, item: Obj) -> Obj:
    return account.get("line_item", item["double_line"])


def _added(account: Account, invoice: Obj, form: Obj) -> Obj:
    amount, behavior = whole(form, "amount"), form.get("tax_behavior")
    check_taxable(account, invoice, amount, behavior)
    shared = {
        "amount": amount,
        "currency": invoice["currency"],
        "description": form.get("description"),
        "discountable": amount >= 0,
        "discounts": [],
        "invoice": invoice["id"],
        "metadata": form.get("metadata") or {},
        "period": _period(account, form),
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "double_tax_behavior": behavior,
        "double_tax_code": form.get("tax_code"),
    }
    item = account.add(
        "invoiceitem",
        "ii",
        customer=invoice["customer"],
        date=account.instant(),
        proration=False,
        tax_rates=[],
        **shared,
    )
    origin = {"invoice_item": item["id"], "proration": False, "subscription": None}
    parent = {"type": "invoice_item_details", "invoice_item_details": origin, "subscription_item_details": None}
    line = account.add("line_item", "il", parent=parent, taxes=[], subtotal=amount, subscription=None, **shared)
    item["double_line"] = line["id"]
    recompute(account, invoice)
    return item


def _changed(account: Account, line: Obj, form: Obj) -> None:
    invoice = _editable(account, line["invoice"])
    amount = whole(form, "amount", line["amount"])
    behavior = form.get("tax_behavior", line["double_tax_behavior"])
    check_taxable(account, invoice, amount, behavior)
    change = {
        "amount": amount,
        "description": form.get("description", line["description"]),
        "period": _period(account, form) if "period" in form else line["period"],
        "metadata": merged_metadata(line["metadata"], form),
        "double_tax_behavior": behavior,
        "double_tax_code": form.get("tax_code", line["double_tax_code"]),
    }
    account.get("invoiceitem", line["parent"]["invoice_item_details"]["invoice_item"]).update(change)
    line |= {**change, "subtotal": amount}
    recompute(account, invoice)


def _removed(account: Account, line: Obj) -> None:
    invoice = _editable(account, line["invoice"])
    del account.of("line_item")[line["id"]]
    del account.of("invoiceitem")[line["parent"]["invoice_item_details"]["invoice_item"]]
    recompute(account, invoice)


def _period(account: Account, form: Obj) -> Obj:
    given = form.get("period")
    if given is None:
        return {"start": account.instant(), "end": account.instant()}
    start, end = whole(given, "start"), whole(given, "end")
    if end < start:
        raise invalid("The period's end must be at or after its start.", param="period[end]")
    return {"start": start, "end": end}
