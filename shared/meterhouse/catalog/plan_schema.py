"""Plans on the wire, to the contract."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.plan import PlanPhase, PlanSpec, PlanStatus, SettlementMode
from meterhouse.catalog.schema import RateCardWire, rate_card_from_wire, rate_card_to_wire
from meterhouse.catalog.version_schema import VersionWire, version_fields
from meterhouse.catalog.version_service import Shown
from meterhouse.platform.wire import CurrencyCode, Description, Flag, Key, Metadata, Name, Wire


def _aligned(value: object) -> object:
    if value is False:
        raise PydanticCustomError("not_supported", "everything billed aligns with the plan's billing cadence")
    return value


class Alignment(Wire):
    billables_must_align: Annotated[Flag | None, BeforeValidator(_aligned)] = None


ALIGNED = Alignment(billables_must_align=True)


class ProRatingConfig(Wire):
    enabled: Flag
    mode: Literal["prorate_prices"]


class PlanPhaseWire(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"duration"})

    key: Key
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    duration: Duration | None
    rate_cards: Annotated[list[RateCardWire], Field(max_length=1000)]


_PRORATED = ProRatingConfig(enabled=True, mode="prorate_prices")


class _PlanFields(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    alignment: Alignment | None = None
    billing_cadence: Duration
    pro_rating_config: ProRatingConfig = _PRORATED
    settlement_mode: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
    phases: Annotated[list[PlanPhaseWire], Field(min_length=1, max_length=100)]


class PlanCreate(_PlanFields):
    key: Key
    currency: CurrencyCode


class PlanReplaceUpdate(_PlanFields):
    """The key and the currency of a plan stay."""


class PlanWire(VersionWire, _PlanFields):
    status: PlanStatus


def plan_spec(wire: PlanCreate) -> PlanSpec:
    return _spec(wire, wire.currency)


def replaced_spec(wire: PlanReplaceUpdate, before: PlanSpec) -> PlanSpec:
    """The new spec of a plan; what a request cannot change comes from `before`."""
    return _spec(wire, before.currency)


def phase_from_wire(wire: PlanPhaseWire) -> PlanPhase:
    return PlanPhase(
        key=wire.key,
        name=wire.name,
        description=wire.description,
        duration=wire.duration,
        rate_cards=tuple(rate_card_from_wire(card) for card in wire.rate_cards),
        metadata=wire.metadata or {},
    )


def phase_to_wire(phase: PlanPhase) -> PlanPhaseWire:
    return PlanPhaseWire(
        key=phase.key,
        name=phase.name,
        description=phase.description,
        metadata=dict(phase.metadata) or None,
        duration=phase.duration,
        rate_cards=[rate_card_to_wire(card) for card in phase.rate_cards],
    )


def plan_wire(shown: Shown[PlanSpec]) -> PlanWire:
    spec = shown.version.spec
    return PlanWire(
        **version_fields(shown),
        alignment=ALIGNED,
        billing_cadence=spec.billing_cadence,
        pro_rating_config=ProRatingConfig(enabled=spec.is_prorated, mode="prorate_prices"),
        settlement_mode=spec.settlement_mode,
        phases=[phase_to_wire(phase) for phase in spec.phases],
    )


def _spec(wire: _PlanFields, currency: str) -> PlanSpec:
    return PlanSpec(
        name=wire.name,
        description=wire.description,
        currency=currency,
        billing_cadence=wire.billing_cadence,
        phases=tuple(phase_from_wire(phase) for phase in wire.phases),
        is_prorated=wire.pro_rating_config.enabled,
        settlement_mode=wire.settlement_mode,
        metadata=wire.metadata or {},
    )
