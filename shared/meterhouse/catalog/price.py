"""Prices as sold. How they become amounts is the business of the room `rating`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class PaymentTerm(StrEnum):
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


class TierMode(StrEnum):
    GRADUATED = "graduated"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class FlatPrice:
    """One amount for a period, whatever the usage."""

    amount: Decimal
    payment_term: PaymentTerm = PaymentTerm.IN_ADVANCE


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """An amount for each unit used."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """Quantities up to and including `up_to` (None: open end), above the tier before.

    Attributes:
        flat_amount: due when the tier is entered.
        unit_amount: due for each unit that falls in the tier.
    """

    up_to: Decimal | None
    flat_amount: Decimal | None = None
    unit_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TieredPrice:
    """Tiers in ascending order, the last one open."""

    mode: TierMode
    tiers: tuple[Tier, ...]


Price = FlatPrice | UnitPrice | TieredPrice
