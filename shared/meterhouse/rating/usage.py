"""What a line is rated from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.price import TieredPrice, TierMode
from meterhouse.rating.conventions import OPENMETER, Conventions

if TYPE_CHECKING:
    from meterhouse.catalog.price import Price
    from meterhouse.catalog.unit_config import UnitConfig
    from meterhouse.kernel.currency import Currency
    from meterhouse.kernel.period import Period

ZERO = Decimal(0)
ONE = Decimal(1)
WHOLE = Fraction(1)
_VOLUME = TierMode.VOLUME


@dataclass(frozen=True, slots=True)
class Usage:
    """What a line is rated from; nothing else has a say in its amounts. `ValueError` for an impossible one.

    A full period may be charged by several lines, one after the other; each knows what those before it charged.

    Attributes:
        name: the line's name, which starts the names of its detailed lines.
        service_period: what the line charges for; it goes into the trace, no amount depends on it.
        quantity: metered units of the service period; a flat price ignores it.
        quantity_before: metered units of the same full period that earlier lines have charged.
        amount_before: what those lines came to, discounts taken off, in the currency.
        is_first: whether no earlier line charges for the same full period.
        is_last: whether no later line will.
        share: the part of the full period that is served, 0 to 1; a flat price is prorated by it.
        is_progressive: whether the meter's value of a part of a period can be charged. Where it cannot (averages,
            minima, latest values), only the last line charges, and `quantity` is the value of the full period.
        whole_period: the service period that was split into lines; None: it was not split.
        price_version: which version of the price this is, in the caller's words.
    """

    name: str
    price: Price
    currency: Currency
    service_period: Period
    quantity: Decimal = ZERO
    quantity_before: Decimal = ZERO
    is_first: bool = True
    is_last: bool = True
    share: Fraction = WHOLE
    amount_before: Decimal = ZERO
    discounts: Discounts = UNDISCOUNTED
    unit_config: UnitConfig | None = None
    is_progressive: bool = True
    whole_period: Period | None = None
    price_version: str = ""
    conventions: Conventions = OPENMETER

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"a share lies between 0 and 1, not at {self.share}")
        if not (self.quantity.is_finite() and self.quantity_before.is_finite() and self.amount_before.is_finite()):
            raise ValueError("quantities and amounts are finite")
        if self.quantity_before and not self.is_progressive:
            raise ValueError("a value that is known only at the end of a period was not charged before")

    def served(self, share: Fraction) -> Usage:
        """The same with another part of the full period."""
        return replace(self, share=share)

    @property
    def is_charged_at_the_end(self) -> bool:
        """Whether the last line alone charges for the full period: more usage may change the price of all of it."""
        if not self.is_progressive:
            return True
        return isinstance(self.price, TieredPrice) and self.price.mode is _VOLUME
