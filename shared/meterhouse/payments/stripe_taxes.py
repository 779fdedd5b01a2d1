"""Taxes that Stripe worked out, as ours."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from meterhouse.billing.app import LineTax
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
