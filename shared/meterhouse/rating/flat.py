from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.rating.part import Part, Span
from meterhouse.rating.usage import ONE, WHOLE


def flat_parts(price: FlatPrice, span: Span) -> list[Part]:
    """The whole amount once a period: in advance on its first line, in arrears on its last."""
    is_due = span.is_first if price.payment_term is PaymentTerm.IN_ADVANCE else span.is_last
    if not is_due or not price.amount or not span.share:
        return []
    share = None if span.share == WHOLE else span.share
    term, is_lump = price.payment_term, share is not None
    return [Part("flat-price", span.name, price.amount, ONE, payment_term=term, share=share, is_lump=is_lump)]
