from collections.abc import Sequence
from decimal import Decimal

from meterhouse.kernel.rounding import round_half_away
from meterhouse.rating.amounts import Amount

PER_CENT = Decimal("0.01")


def percentage_discounts(amounts: Sequence[Amount], percentage: Decimal | None, exponent: int) -> list[Decimal]:
    """What `percentage` per cent takes off each amount, rounded for each like the amount.

    Where rounding is cumulative, the discount of the full period up to here less that of earlier lines.
    """
    if percentage is None:
        return [Decimal(0)] * len(amounts)
    part = percentage * PER_CENT
    return [
        round_half_away((amount.before + amount.value) * part, exponent)
        - (round_half_away(amount.before * part, exponent) if amount.before else 0)
        for amount in amounts
    ]
