from meterhouse.catalog.price import UnitPrice
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.line import Part, Usage


def unit_parts(price: UnitPrice, usage: Usage) -> list[Part]:
    """The amount for each unit that the line adds to what earlier lines charged."""
    quantity = EXACT.subtract(usage.after, usage.before)
    if not quantity:
        return []
    return [Part("unit-price-usage", f"{usage.name}: usage in period", price.amount, quantity)]
