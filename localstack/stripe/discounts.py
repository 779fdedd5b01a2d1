"""Coupons of customers, which their invoices inherit."""

from decimal import Decimal

from localstack.stripe.account import Account, Obj
from localstack.stripe.errors import invalid


def give_coupon(account: Account, customer: str, percent_off: str) -> None:
    """What somebody does in the dashboard: the customer's invoices from now on cost less."""
    name = account.new_id("di")
    coupon = {"id": account.new_id("coupon"), "object": "coupon", "percent_off": float(percent_off), "valid": True}
    account.get("customer", customer)["discount"] = {
        "id": name,
        "object": "discount",
        "customer": customer,
        "source": {"type": "coupon", "coupon": coupon["id"]},
        "start": account.instant(),
        "end": None,
        "double_percent_off": Decimal(percent_off),
    }


def discounts_of(form: Obj, inherited: Obj | None) -> Obj:
    """The fields of an invoice that say what is taken off; an empty text keeps it from inheriting."""
    if form.get("discounts"):
        raise invalid("Discounts of an invoice's own are not served here.", param="discounts")
    found = None if "discounts" in form else inherited
    return {
        "discounts": [] if found is None else [found["id"]],
        "double_percent_off": Decimal(0) if found is None else found["double_percent_off"],
    }
