"""What the price types compute: the parts of a line, before anything is rounded or discounted."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.catalog.price import PaymentTerm
from meterhouse.rating.conventions import Conventions
from meterhouse.rating.usage import ZERO


class Span(NamedTuple):
    """What a price is asked for: the units of the full period above `before`, up to `after`.

    Attributes:
        is_first: whether nothing was charged for the full period before.
        is_last: whether nothing will be after.
        share: the part of the full period that is served.
    """

    name: str
    before: Decimal
    after: Decimal
    is_first: bool
    is_last: bool
    share: Fraction
    conventions: Conventions


class TierHit(NamedTuple):
    """The tier a part falls in: above `over`, up to `up_to` (None: open end); `number` counts from 1."""

    number: int
    over: Decimal
    up_to: Decimal | None


class Part(NamedTuple):
    """A detailed line in the making.

    Attributes:
        quantity: what the line adds; below zero where a correction takes back.
        before: what earlier lines of the full period have charged of the same part.
        share: the part of the amount that is due; None: all of it.
        is_lump: shown as one unit at the amount it comes to, since `per_unit_amount` is no price of a unit.
    """

    key: str
    name: str
    per_unit_amount: Decimal
    quantity: Decimal
    before: Decimal = ZERO
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS
    share: Fraction | None = None
    tier: TierHit | None = None
    is_lump: bool = False
