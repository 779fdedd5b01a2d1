"""Taxes that Stripe worked out, as ours."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from meterhouse.billing.app import LineTax
from meterhouse.billing.credit_note import summed
from meterhouse.payments.stripe_amounts import amount_of
from meterhouse.payments.stripe_api import metadata_of
from meterhouse.payments.stripe_items import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import stripe


def taxes_of(lines: Iterable[stripe.InvoiceLineItem], currency: str) -> Mapping[str, LineTax]:
    """By the id of our line: the taxes of all its items together. Lines without one are somebody else's."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: {"inclusive": 0, "exclusive": 0})
    for line in lines:
        line_id = metadata_of(line).get(LINE)
        if line_id is None:
            continue
        found = sums[line_id]
        for tax in line.taxes or ():
            found[tax.tax_behavior] += tax.amount
    return {
        name: LineTax(amount_of(found["inclusive"], currency), amount_of(found["exclusive"], currency))
        for name, found in sums.items()
    }


def total_taxes(found: stripe.Invoice) -> Mapping[str, int]:
    """What Stripe's invoice says that its taxes are, by behaviour."""
    sums = {"inclusive": 0, "exclusive": 0}
    for tax in found.total_taxes or ():
        sums[tax.tax_behavior] += tax.amount
    return sums


def tax_difference(taxes: Mapping[str, LineTax], found: stripe.Invoice) -> str | None:
    """How the taxes of our lines miss those of Stripe's invoice, which is what it collects; None where they do not."""
    code, theirs = found.currency.upper(), total_taxes(found)
    for behavior, ours in (
        ("inclusive", summed(tax.inclusive for tax in taxes.values())),
        ("exclusive", summed(tax.exclusive for tax in taxes.values())),
    ):
        if ours != amount_of(theirs[behavior], code):
            said = f"{ours:f} of {behavior} tax on its lines, {amount_of(theirs[behavior], code):f} on the whole"
            return f"Stripe's invoice has {said}: round taxes by line in Stripe's tax settings"
    return None
