from meterhouse.catalog.price import UnitPrice
from meterhouse.rating.part import Part, Span


def unit_parts(price: UnitPrice, span: Span) -> list[Part]:
    """The amount for each unit that the line adds to what earlier lines charged."""
    quantity = span.after - span.before
    if not quantity:
        return []
    return [Part("unit-price-usage", f"{span.name}: usage in period", price.amount, quantity, span.before)]
