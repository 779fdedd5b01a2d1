"""Rate cards on the wire, to the contract; other rooms' routes reuse them."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from meterhouse.catalog.custom_currency import named
from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.entitlement_template_schema import RateCardEntitlement, template_from_wire, template_to_wire
from meterhouse.catalog.price_schema import (
    DiscountsWire,
    FlatPriceWithPaymentTerm,
    UsageBasedPrice,
    discounts_from_wire,
    discounts_to_wire,
    price_from_wire,
    price_to_wire,
)
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.catalog.unit_config_schema import UnitConfigWire, unit_config_from_wire, unit_config_to_wire
from meterhouse.kernel.errors import Problem
from meterhouse.platform.wire import CustomCurrencyCode, Description, Key, Metadata, Name, Ulid, Wire


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
    currency: CustomCurrencyCode | None = None
    entitlement_template: RateCardEntitlement | None = None
    tax_config: TaxConfig | None = None
    discounts: DiscountsWire | None = None


class RateCardFlatFee(_RateCardFields):
    type: Literal["flat_fee"]
    billing_cadence: Duration | None
    price: FlatPriceWithPaymentTerm | None


class RateCardUsageBased(_RateCardFields):
    type: Literal["usage_based"]
    billing_cadence: Duration
    price: UsageBasedPrice | None
    unit_config: UnitConfigWire | None = None


RateCardWire = Annotated[RateCardFlatFee | RateCardUsageBased, Field(discriminator="type")]
"""A rate card in a request or an answer."""


def rate_card_from_wire(wire: RateCardFlatFee | RateCardUsageBased) -> RateCard:
    """The rate card; its currency is known by name alone, see `meterhouse.catalog.known_currencies`."""
    return RateCard(
        type=RateCardType(wire.type),
        key=wire.key,
        name=wire.name,
        description=wire.description,
        feature_key=wire.feature_key,
        billing_cadence=wire.billing_cadence,
        currency=None if wire.currency is None else named(wire.currency),
        price=None if wire.price is None else price_from_wire(wire.price),
        discounts=discounts_from_wire(wire.discounts),
        entitlement=None if wire.entitlement_template is None else template_from_wire(wire.entitlement_template),
        unit_config=unit_config_from_wire(wire.unit_config) if isinstance(wire, RateCardUsageBased) else None,
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
        "currency": None if card.currency is None else card.currency.code,
        "price": None if card.price is None else price_to_wire(card.price),
        "discounts": discounts_to_wire(card.discounts),
        "entitlement_template": None if card.entitlement is None else template_to_wire(card.entitlement),
        "tax_config": card.tax_config,
    }
    if card.type is RateCardType.FLAT_FEE:
        return RateCardFlatFee(**fields)
    return RateCardUsageBased(**fields, unit_config=unit_config_to_wire(card.unit_config))


class ValidationErrorWire(Wire):
    field: str
    code: str
    message: str


def validation_errors(problems: Sequence[Problem]) -> list[ValidationErrorWire] | None:
    """What keeps something from being sold; None where nothing does."""
    return [ValidationErrorWire(field=one.field, code=one.code, message=one.message) for one in problems] or None
