"""Amounts as Stripe writes them: whole numbers of a currency's smallest unit, exactly or not at all.

https://docs.stripe.com/currencies#zero-decimal and the special cases below it.
"""

from decimal import Decimal

from meterhouse.kernel.currency import currency
from meterhouse.kernel.rounding import EXACT

_WITHOUT_MINOR_UNITS = {"MGA"}
"""ISO 4217 gives them two digits, Stripe none."""

_IN_HUNDREDTHS = {"ISK", "UGX"}
"""No minor unit any more, and still sent as if there were one."""

_THREE_DIGITS = 3


class NotRepresentable(ValueError):  # noqa: N818 - what the amount is
    """Stripe cannot be told this amount without rounding it."""


def minor_units(amount: Decimal, code: str) -> int:
    """The amount in Stripe's unit of the currency.

    Raises:
        NotRepresentable: it has digits that Stripe does not take.
    """
    exact = EXACT.multiply(amount, Decimal(10) ** _digits(code))
    # of three digits the last has to be zero
    step = 10 if currency(code).exponent == _THREE_DIGITS else 1
    step = 100 if code in _IN_HUNDREDTHS else step
    if exact != exact.to_integral_value() or int(exact) % step:
        raise NotRepresentable(f"{code} {amount} has more digits than Stripe takes for {code}")
    return int(exact)


def amount_of(minor: int, code: str) -> Decimal:
    """What a number of Stripe's units is worth."""
    return Decimal(minor).scaleb(-_digits(code), EXACT)


def _digits(code: str) -> int:
    if code in _WITHOUT_MINOR_UNITS:
        return 0
    return 2 if code in _IN_HUNDREDTHS else currency(code).exponent
