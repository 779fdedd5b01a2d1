"""Prices and discounts on the wire, to the contract; other rooms' routes reuse them."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import Field

from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.platform.wire import JsonNumber, Numeric, Wire

Amount = Annotated[Numeric, Field(ge=0)]
Positive = Annotated[Numeric, Field(gt=0)]
Percentage = Annotated[JsonNumber, Field(ge=0, le=100, max_digits=60)]


class FlatPriceWithPaymentTerm(Wire):
    type: Literal["flat"]
    amount: Amount
    payment_term: PaymentTerm = PaymentTerm.IN_ADVANCE


class SpendCommitments(Wire):
    minimum_amount: Amount | None = None
    maximum_amount: Amount | None = None


class UnitPriceWithCommitments(SpendCommitments):
    type: Literal["unit"]
    amount: Amount


class TierFlatPrice(Wire):
    type: Literal["flat"]
    amount: Amount


class TierUnitPrice(Wire):
    type: Literal["unit"]
    amount: Amount


class PriceTier(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"flat_price", "unit_price"})

    up_to_amount: Amount | None = None
    flat_price: TierFlatPrice | None = None
    unit_price: TierUnitPrice | None = None


class TieredPriceWithCommitments(SpendCommitments):
    type: Literal["tiered"]
    mode: TierMode
    tiers: Annotated[list[PriceTier], Field(min_length=1, max_length=1000)]


class DynamicPriceWithCommitments(SpendCommitments):
    type: Literal["dynamic"]
    multiplier: Amount = Decimal(1)


class PackagePriceWithCommitments(SpendCommitments):
    type: Literal["package"]
    amount: Amount
    quantity_per_package: Positive


PriceWire = (
    FlatPriceWithPaymentTerm
    | UnitPriceWithCommitments
    | TieredPriceWithCommitments
    | DynamicPriceWithCommitments
    | PackagePriceWithCommitments
)
UsageBasedPrice = Annotated[PriceWire, Field(discriminator="type")]


class DiscountPercentage(Wire):
    percentage: Percentage


class DiscountUsage(Wire):
    quantity: Positive


class DiscountsWire(Wire):
    percentage: DiscountPercentage | None = None
    usage: DiscountUsage | None = None


def price_from_wire(wire: PriceWire) -> Price:
    match wire:
        case FlatPriceWithPaymentTerm():
            return FlatPrice(wire.amount, wire.payment_term)
        case UnitPriceWithCommitments():
            return UnitPrice(wire.amount, _commitments(wire))
        case TieredPriceWithCommitments():
            tiers = tuple(_tier_from_wire(tier) for tier in wire.tiers)
            return TieredPrice(wire.mode, tiers, _commitments(wire))
        case DynamicPriceWithCommitments():
            return DynamicPrice(wire.multiplier, _commitments(wire))
        case PackagePriceWithCommitments():
            return PackagePrice(wire.amount, wire.quantity_per_package, _commitments(wire))
        case _:
            assert_never(wire)


def price_to_wire(price: Price) -> PriceWire:
    committed = _committed(price.commitments)
    match price:
        case FlatPrice():
            return FlatPriceWithPaymentTerm(type="flat", amount=price.amount, payment_term=price.payment_term)
        case UnitPrice():
            return UnitPriceWithCommitments(type="unit", amount=price.amount, **committed)
        case TieredPrice():
            tiers = [_tier_to_wire(tier) for tier in price.tiers]
            return TieredPriceWithCommitments(type="tiered", mode=price.mode, tiers=tiers, **committed)
        case DynamicPrice():
            return DynamicPriceWithCommitments(type="dynamic", multiplier=price.multiplier, **committed)
        case PackagePrice():
            size = price.quantity_per_package
            return PackagePriceWithCommitments(
                type="package", amount=price.amount, quantity_per_package=size, **committed
            )
        case _:
            assert_never(price)


def discounts_from_wire(wire: DiscountsWire | None) -> Discounts:
    if wire is None:
        return UNDISCOUNTED
    return Discounts(
        percentage=None if wire.percentage is None else wire.percentage.percentage,
        usage=None if wire.usage is None else wire.usage.quantity,
    )


def discounts_to_wire(discounts: Discounts) -> DiscountsWire | None:
    """The discounts as sent; None where there are none."""
    if discounts == UNDISCOUNTED:
        return None
    percentage, usage = discounts.percentage, discounts.usage
    return DiscountsWire(
        percentage=None if percentage is None else DiscountPercentage(percentage=percentage),
        usage=None if usage is None else DiscountUsage(quantity=usage),
    )


def _commitments(wire: SpendCommitments) -> Commitments:
    return Commitments(wire.minimum_amount, wire.maximum_amount)


def _committed(commitments: Commitments) -> dict[str, Any]:
    return {"minimum_amount": commitments.minimum, "maximum_amount": commitments.maximum}


def _tier_from_wire(wire: PriceTier) -> Tier:
    return Tier(
        up_to=wire.up_to_amount,
        flat_amount=None if wire.flat_price is None else wire.flat_price.amount,
        unit_amount=None if wire.unit_price is None else wire.unit_price.amount,
    )


def _tier_to_wire(tier: Tier) -> PriceTier:
    flat, unit = tier.flat_amount, tier.unit_amount
    return PriceTier(
        up_to_amount=tier.up_to,
        flat_price=None if flat is None else TierFlatPrice(type="flat", amount=flat),
        unit_price=None if unit is None else TierUnitPrice(type="unit", amount=unit),
    )
