"""Add-ons on the wire, to the contract."""

from typing import Annotated, Literal

from pydantic import Field

from meterhouse.catalog.addon import AddonSpec, InstanceType
from meterhouse.catalog.schema import RateCardWire, rate_card_from_wire, rate_card_to_wire
from meterhouse.catalog.version_schema import VersionWire, version_fields
from meterhouse.catalog.version_service import Shown
from meterhouse.platform.wire import CurrencyCode, Description, Key, Metadata, Name, Wire

AddonStatus = Literal["draft", "active", "archived"]


class _AddonFields(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    instance_type: InstanceType
    rate_cards: Annotated[list[RateCardWire], Field(max_length=1000)]


class AddonCreate(_AddonFields):
    key: Key
    currency: CurrencyCode


class AddonReplaceUpdate(_AddonFields):
    """The key and the currency of an add-on stay."""


class AddonWire(VersionWire, _AddonFields):
    status: AddonStatus


def addon_spec(wire: AddonCreate) -> AddonSpec:
    return _spec(wire, wire.currency)


def replaced_addon_spec(wire: AddonReplaceUpdate, before: AddonSpec) -> AddonSpec:
    """The new spec of an add-on; what a request cannot change comes from `before`."""
    return _spec(wire, before.currency)


def addon_wire(shown: Shown[AddonSpec]) -> AddonWire:
    spec = shown.version.spec
    cards = [rate_card_to_wire(card) for card in spec.rate_cards]
    return AddonWire(**version_fields(shown), instance_type=spec.instance_type, rate_cards=cards)


def _spec(wire: _AddonFields, currency: str) -> AddonSpec:
    return AddonSpec(
        name=wire.name,
        description=wire.description,
        currency=currency,
        instance_type=wire.instance_type,
        rate_cards=tuple(rate_card_from_wire(card) for card in wire.rate_cards),
        metadata=wire.metadata or {},
    )
