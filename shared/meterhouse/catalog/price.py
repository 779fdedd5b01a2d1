"""Prices as sold. How they become amounts is the business of the room `rating`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar


class PaymentTerm(StrEnum):
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


class TierMode(StrEnum):
    GRADUATED = "graduated"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Commitments:
    """What a full period costs at least and at most, in the price's currency; None: no such bound."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None


UNCOMMITTED = Commitments()


@dataclass(frozen=True, slots=True)
class FlatPrice:
    """One amount for a period, whatever the usage; it commits to nothing but itself."""

    commitments: ClassVar[Commitments] = UNCOMMITTED

    amount: Decimal
    payment_term: PaymentTerm = PaymentTerm.IN_ADVANCE


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """An amount for each unit used."""

    amount: Decimal
    commitments: Commitments = UNCOMMITTED


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
    """Tiers in ascending order, the last one open.

    Graduated: each unit costs what its tier says. Volume: all units cost what the tier of the whole quantity says.
    """

    mode: TierMode
    tiers: tuple[Tier, ...]
    commitments: Commitments = UNCOMMITTED


@dataclass(frozen=True, slots=True)
class PackagePrice:
    """An amount for each package of `quantity_per_package` units that is begun."""

    amount: Decimal
    quantity_per_package: Decimal
    commitments: Commitments = UNCOMMITTED


@dataclass(frozen=True, slots=True)
class DynamicPrice:
    """The metered value already is money: it is charged `multiplier` times."""

    multiplier: Decimal = Decimal(1)
    commitments: Commitments = UNCOMMITTED


UsagePrice = UnitPrice | TieredPrice | PackagePrice | DynamicPrice
Price = FlatPrice | UsagePrice
