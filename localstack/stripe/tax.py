"""Automatic tax: one rate by location, always the same."""

from decimal import ROUND_HALF_UP, Decimal

from localstack.stripe.account import Account, Obj
from localstack.stripe.errors import invalid

RATES = {
    "US-CA": Decimal("0.0725"),
    "US-NY": Decimal("0.08875"),
    "DE": Decimal("0.19"),
    "FR": Decimal("0.20"),
    "GB": Decimal("0.20"),
    "JP": Decimal("0.10"),
}
"""Places without a rate have no tax: the seller is not registered there."""


def location_of(customer: Obj) -> str | None:
    """Where the customer is taxed; None where the address does not say: the United States need a postal code."""
    address = customer.get("address") or {}
    country = address.get("country")
    if not country:
        return None
    if country != "US":
        return str(country)
    return f"US-{address.get('state') or ''}" if address.get("postal_code") else None


def customer_tax(customer: Obj) -> Obj:
    """The customer's `tax`, which is shown on demand."""
    place = location_of(customer)
    status = "unrecognized_location" if place is None else "supported" if place in RATES else "not_collecting"
    return {"automatic_tax": status, "ip_address": None, "location": None, "provider": "stripe"}


def check_taxable(account: Account, invoice: Obj, amount: int, behavior: str | None) -> None:
    """Items that automatic tax does not take: the SDK's page on `automatic_tax.enabled` lists them."""
    if not invoice["automatic_tax"]["enabled"]:
        return
    if amount < 0:
        raise invalid("Negative amounts cannot be added to invoices with automatic tax.", param="amount")
    if (behavior or account.default_tax_behavior) in (None, "unspecified"):
        raise invalid("A tax_behavior is needed on invoices with automatic tax.", param="tax_behavior")


def tax_of(account: Account, customer: Obj, amount: int, behavior: str | None) -> list[Obj]:
    """The taxes of one line whose location is known."""
    location = location_of(customer) or ""
    how = behavior or account.default_tax_behavior or "exclusive"
    rate = Decimal(0) if customer.get("tax_exempt") == "exempt" else RATES.get(location, Decimal(0))
    base = Decimal(amount) if how == "exclusive" else Decimal(amount) / (1 + rate)
    exact = base * rate
    return [
        {
            "amount": int(exact.quantize(Decimal(1), ROUND_HALF_UP)),
            "tax_behavior": how,
            "tax_rate_details": {"tax_rate": f"txr_{location.lower().replace('-', '_') or 'none'}"},
            "taxability_reason": "standard_rated" if rate else "not_collecting",
            "taxable_amount": int(base.quantize(Decimal(1), ROUND_HALF_UP)),
            "type": "tax_rate_details",
        }
    ]
