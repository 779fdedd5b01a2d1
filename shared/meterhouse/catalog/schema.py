"""Rate cards and prices on the wire, to the contract; other rooms' routes reuse them.

What Meterhouse cannot bill yet is refused here with the code `not_supported_yet`, so that nothing is sold unbilled.
"""

from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.catalog.price import FlatPrice, PaymentTerm, Price, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.kernel.cadence import Cadence
from meterhouse.platform.wire import Description, Key, Metadata, Name, Numeric, Ulid, Wire

_LATER_PRICES = ("dynamic", "package")


def _parsed(value: object) -> Cadence:
    if isinstance(value, Cadence):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "must be a string holding an ISO 8601 duration")
    try:
        return Cadence.parse(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


def _refused(value: object) -> None:
    if value is not None:
        raise PydanticCustomError("not_supported_yet", "is not supported yet: leave it out")


def _known_price(value: object) -> object:
    if isinstance(value, dict) and value.get("type") in _LATER_PRICES:
        raise PydanticCustomError("not_supported_yet", "prices of this type are not supported yet")
    return value


def _known_mode(value: object) -> object:
    if value == TierMode.VOLUME:
        raise PydanticCustomError("not_supported_yet", "volume tiers are not supported yet")
    return value


Duration = Annotated[
    Cadence,
    PlainValidator(_parsed),
    PlainSerializer(Cadence.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "example": "P1M"}),
]
"""An ISO 8601 duration of one unit, from an hour up."""

NotYet = Annotated[
    None, PlainValidator(_refused), WithJsonSchema({"type": "null", "description": "Not supported yet: leave it out."})
]
Amount = Annotated[Numeric, Field(ge=0)]


class FlatPriceWithPaymentTerm(Wire):
    type: Literal["flat"]
    amount: Amount
    payment_term: PaymentTerm = PaymentTerm.IN_ADVANCE


class UnitPriceWithCommitments(Wire):
    type: Literal["unit"]
    amount: Amount
    minimum_amount: NotYet = None
    maximum_amount: NotYet = None


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


class TieredPriceWithCommitments(Wire):
    type: Literal["tiered"]
    mode: Annotated[TierMode, BeforeValidator(_known_mode)]
    tiers: Annotated[list[PriceTier], Field(min_length=1, max_length=1000)]
    minimum_amount: NotYet = None
    maximum_amount: NotYet = None


UsageBasedPrice = Annotated[
    Annotated[
        FlatPriceWithPaymentTerm | UnitPriceWithCommitments | TieredPriceWithCommitments, Field(discriminator="type")
    ],
    BeforeValidator(_known_price),
]
PriceWire = FlatPriceWithPaymentTerm | UnitPriceWithCommitments | TieredPriceWithCommitments


class StripeTaxConfig(Wire):
    code: Annotated[str, StringConstraints(pattern=r"^txcd_[0-9]{8}$")]


class CustomInvoicingTaxConfig(Wire):
    code: str


class TaxConfig(Wire):
    behavior: Literal["inclusive", "exclusive"] | None = None
    stripe: StripeTaxConfig | None = None
    custom_invoicing: CustomInvoicingTaxConfig | None = None
    tax_code_id: Ulid | None = None


class _RateCardFields(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"billing_cadence", "price"})

    key: Key
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    feature_key: Key | None = None
    entitlement_template: NotYet = None
    tax_config: TaxConfig | None = None
    discounts: NotYet = None


class RateCardFlatFee(_RateCardFields):
    type: Literal["flat_fee"]
    billing_cadence: Duration | None
    price: FlatPriceWithPaymentTerm | None


class RateCardUsageBased(_RateCardFields):
    type: Literal["usage_based"]
    billing_cadence: Duration
    price: UsageBasedPrice | None


RateCardWire = Annotated[RateCardFlatFee | RateCardUsageBased, Field(discriminator="type")]
"""A rate card in a request or an answer."""


def rate_card_from_wire(wire: RateCardFlatFee | RateCardUsageBased) -> RateCard:
    return RateCard(
        type=RateCardType(wire.type),
        key=wire.key,
        name=wire.name,
        description=wire.description,
        feature_key=wire.feature_key,
        billing_cadence=wire.billing_cadence,
        price=None if wire.price is None else price_from_wire(wire.price),
        tax_config=None if wire.tax_config is None else wire.tax_config.model_dump(mode="json", by_alias=True),
        metadata=wire.metadata or {},
    )


def rate_card_to_wire(card: RateCard) -> RateCardFlatFee | RateCardUsageBased:
    fields: dict[str, Any] = {
        "type": card.type.value,
        "key": card.key,
        "name": card.name,
        "description": card.description,
        "metadata": dict(card.metadata) or None,
        "feature_key": card.feature_key,
        "billing_cadence": card.billing_cadence,
        "price": None if card.price is None else price_to_wire(card.price),
        "tax_config": card.tax_config,
    }
    if card.type is RateCardType.FLAT_FEE:
        return RateCardFlatFee(**fields)
    return RateCardUsageBased(**fields)


def price_from_wire(wire: PriceWire) -> Price:
    match wire:
        case FlatPriceWithPaymentTerm():
            return FlatPrice(wire.amount, wire.payment_term)
        case UnitPriceWithCommitments():
            return UnitPrice(wire.amount)
        case TieredPriceWithCommitments():
            return TieredPrice(wire.mode, tuple(_tier_from_wire(tier) for tier in wire.tiers))
        case _:
            assert_never(wire)


def price_to_wire(price: Price) -> PriceWire:
    match price:
        case FlatPrice():
            return FlatPriceWithPaymentTerm(type="flat", amount=price.amount, payment_term=price.payment_term)
        case UnitPrice():
            return UnitPriceWithCommitments(type="unit", amount=price.amount)
        case TieredPrice():
            tiers = [_tier_to_wire(tier) for tier in price.tiers]
            return TieredPriceWithCommitments(type="tiered", mode=price.mode, tiers=tiers)
        case _:
            assert_never(price)


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
