from decimal import Decimal

from meterhouse.kernel.rounding import round_half_away
from meterhouse.rating.amounts import Amount

PER_CENT = Decimal("0.01")


def percentage_discount(amount: Amount, part: Decimal, exponent: int) -> Decimal:
    """What `part` of 1 takes off an amount, rounded like the amount.

    Where rounding is cumulative: the discount of the full period up to here, less that of earlier lines.
    """
    if not amount.before:
        return round_half_away(amount.value * part, exponent)
    whole = round_half_away((amount.before + amount.value) * part, exponent)
    return whole - round_half_away(amount.before * part, exponent)
