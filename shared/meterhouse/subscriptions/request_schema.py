"""What callers send to subscribe, to change to another plan and to cancel, to the contract."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.plan import PlanSpec, SettlementMode
from meterhouse.catalog.plan_schema import Alignment, PlanPhaseWire, ProRatingConfig, phase_from_wire
from meterhouse.kernel.errors import Problem
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.platform.wire import (
    CurrencyCode,
    Description,
    ExternalKey,
    Instant,
    Key,
    Metadata,
    Name,
    Ulid,
    Whole,
    Wire,
)
from meterhouse.subscriptions.change import Migration
from meterhouse.subscriptions.create import NewSubscription
from meterhouse.subscriptions.model import CostBasisMode
from meterhouse.subscriptions.sale import PlanChoice, Wanted, refuse_unknown
from meterhouse.subscriptions.timing import Soon, Timing


def _timing(value: object) -> Timing:
    if isinstance(value, datetime):
        return value
    try:
        text = str(value)
        return Soon(text) if text in set(Soon) else parse_rfc3339(text)
    except ValueError:
        message = "must be 'immediate', 'next_billing_cycle' or a date-time with a time zone"
        raise PydanticCustomError("timing", message) from None


TimingWire = Annotated[
    Timing,
    PlainValidator(_timing),
    PlainSerializer(lambda at: format_rfc3339(at) if isinstance(at, datetime) else at.value, return_type=str),
    WithJsonSchema({"oneOf": [{"type": "string", "enum": list(Soon)}, {"type": "string", "format": "date-time"}]}),
]


StartingPhase = Annotated[str, StringConstraints(min_length=1)]


class PlanReferenceInput(Wire):
    key: Key
    version: Annotated[Whole, Field(ge=1, le=2**31 - 1)] | None = None


class CustomPlanInput(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    alignment: Alignment | None = None
    currency: CurrencyCode
    billing_cadence: Duration
    pro_rating_config: ProRatingConfig | None = None
    settlement_mode: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
    phases: Annotated[list[PlanPhaseWire], Field(min_length=1, max_length=100)]


class _Agreement(Wire):
    """Either `plan` or `customPlan`."""

    plan: PlanReferenceInput | None = None
    custom_plan: CustomPlanInput | None = None
    starting_phase: StartingPhase | None = None
    billing_anchor: Instant | None = None
    name: Name | None = None
    description: Description | None = None
    metadata: Metadata | None = None
    alignment: Alignment | None = None
    settlement_mode: SettlementMode | None = None
    cost_basis_mode: CostBasisMode = CostBasisMode.DYNAMIC


class SubscriptionCreate(_Agreement):
    """For either `customerId` or `customerKey`."""

    customer_id: Ulid | None = None
    customer_key: ExternalKey | None = None
    timing: TimingWire = Soon.IMMEDIATE


class SubscriptionChange(_Agreement):
    timing: TimingWire


class SubscriptionMigrate(Wire):
    timing: TimingWire = Soon.IMMEDIATE
    target_version: Annotated[Whole, Field(ge=1, le=2**31 - 1)] | None = None
    starting_phase: StartingPhase | None = None
    billing_anchor: Instant | None = None


class SubscriptionCancel(Wire):
    timing: TimingWire = Soon.IMMEDIATE


def new_subscription_of(body: SubscriptionCreate) -> NewSubscription:
    """What the request asks for.

    Raises:
        InvalidInput: it names no customer or no plan, or two.
    """
    problems: list[Problem] = []
    customer, plan = _customer(body, problems), _plan(body, problems)
    if customer is None or plan is None:
        raise refuse_unknown(problems)
    field, id_or_key = customer
    return NewSubscription(customer=id_or_key, customer_field=field, plan=plan, timing=body.timing, **_agreed(body))


def change_of(body: SubscriptionChange) -> Wanted:
    """What the request asks for.

    Raises:
        InvalidInput: it names no plan, or two.
    """
    problems: list[Problem] = []
    plan = _plan(body, problems)
    if plan is None:
        raise refuse_unknown(problems)
    return Wanted(plan=plan, timing=body.timing, **_agreed(body))


def migration_of(body: SubscriptionMigrate) -> Migration:
    return Migration(body.target_version, body.timing, body.starting_phase, body.billing_anchor)


class _Agreed(TypedDict):
    starting_phase: str | None
    billing_anchor: datetime | None
    settlement_mode: SettlementMode | None
    cost_basis_mode: CostBasisMode
    name: str | None
    description: str | None
    metadata: Mapping[str, str]


def _agreed(body: _Agreement) -> _Agreed:
    return {
        "starting_phase": body.starting_phase,
        "billing_anchor": body.billing_anchor,
        "settlement_mode": body.settlement_mode,
        "cost_basis_mode": body.cost_basis_mode,
        "name": body.name,
        "description": body.description,
        "metadata": body.metadata or {},
    }


def _customer(body: SubscriptionCreate, problems: list[Problem]) -> tuple[str, str] | None:
    given = [("/customerId", body.customer_id), ("/customerKey", body.customer_key)]
    named = [(field, value) for field, value in given if value is not None]
    if len(named) != 1:
        message = "give either customerId or customerKey"
        problems.append(Problem("/customerId", "one_customer_required", message))
        return None
    return named[0]


def _plan(body: _Agreement, problems: list[Problem]) -> PlanChoice | PlanSpec | None:
    match body.plan, body.custom_plan:
        case PlanReferenceInput() as plan, None:
            return PlanChoice(plan.key, plan.version)
        case None, CustomPlanInput() as custom:
            return _custom_spec(custom)
        case _:
            problems.append(Problem("/plan", "one_plan_required", "give either plan or customPlan"))
            return None


def _custom_spec(custom: CustomPlanInput) -> PlanSpec:
    return PlanSpec(
        name=custom.name,
        description=custom.description,
        metadata=custom.metadata or {},
        currency=custom.currency,
        billing_cadence=custom.billing_cadence,
        is_prorated=custom.pro_rating_config is None or custom.pro_rating_config.enabled,
        settlement_mode=custom.settlement_mode,
        phases=tuple(phase_from_wire(phase) for phase in custom.phases),
    )
