"""Plans on the wire, to the contract."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.plan import PlanPhase, PlanSpec, PlanStatus, SettlementMode
from meterhouse.catalog.plan_service import ShownPlan
from meterhouse.catalog.schema import RateCardWire, rate_card_from_wire, rate_card_to_wire
from meterhouse.platform.wire import CurrencyCode, Description, Instant, Key, Metadata, Name, Resource, Wire


def _billable(value: object) -> object:
    if value == SettlementMode.CREDIT_ONLY:
        raise PydanticCustomError("not_supported_yet", "plans settled by credits alone are not supported yet")
    return value


def _aligned(value: object) -> object:
    if value is False:
        raise PydanticCustomError("not_supported", "everything billed aligns with the plan's billing cadence")
    return value


class Alignment(Wire):
    billables_must_align: Annotated[bool | None, BeforeValidator(_aligned)] = None


class ProRatingConfig(Wire):
    enabled: bool
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
    settlement_mode: Annotated[SettlementMode, BeforeValidator(_billable)] = SettlementMode.CREDIT_THEN_INVOICE
    phases: Annotated[list[PlanPhaseWire], Field(min_length=1, max_length=100)]


class PlanCreate(_PlanFields):
    key: Key
    currency: CurrencyCode


class PlanReplaceUpdate(_PlanFields):
    """The key and the currency of a plan stay."""


class ValidationErrorWire(Wire):
    field: str
    code: str
    message: str


class PlanWire(Resource, _PlanFields):
    nullable: ClassVar[frozenset[str]] = frozenset({"validation_errors"})

    key: Key
    version: int
    currency: CurrencyCode
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    status: PlanStatus
    validation_errors: list[ValidationErrorWire] | None


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


def plan_wire(shown: ShownPlan) -> PlanWire:
    plan, spec = shown.plan, shown.plan.spec
    problems = [ValidationErrorWire(field=p.field, code=p.code, message=p.message) for p in shown.problems]
    return PlanWire(
        id=plan.id,
        key=plan.key,
        version=plan.version,
        name=spec.name,
        description=spec.description,
        metadata=dict(spec.metadata) or None,
        currency=spec.currency,
        billing_cadence=spec.billing_cadence,
        pro_rating_config=ProRatingConfig(enabled=spec.is_prorated, mode="prorate_prices"),
        settlement_mode=spec.settlement_mode,
        phases=[phase_to_wire(phase) for phase in spec.phases],
        status=shown.status,
        validation_errors=problems or None,
        effective_from=plan.effective_from,
        effective_to=plan.effective_to,
        created_at=plan.created_at,
        updated_at=plan.updated_at,
        deleted_at=plan.deleted_at,
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
