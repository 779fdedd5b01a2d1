from decimal import Decimal

from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.rating.line import Part, Usage


def flat_parts(price: FlatPrice, usage: Usage) -> list[Part]:
    """The whole amount once a period: in advance on its first line, in arrears on its last."""
    is_due = usage.is_first if price.payment_term is PaymentTerm.IN_ADVANCE else usage.is_last
    if not is_due or not price.amount or not usage.share:
        return []
    return [Part("flat-price", usage.name, price.amount, Decimal(1), price.payment_term, usage.share)]
