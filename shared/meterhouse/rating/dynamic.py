from meterhouse.catalog.price import DynamicPrice
from meterhouse.rating.part import Part, Span


def dynamic_parts(price: DynamicPrice, span: Span) -> list[Part]:
    """The metered value, which already is money, times the multiplier; shown as one unit at what it comes to."""
    value = span.after - span.before
    if not value:
        return []
    return [Part("usage", f"{span.name}: usage in period", price.multiplier, value, span.before, is_lump=True)]
