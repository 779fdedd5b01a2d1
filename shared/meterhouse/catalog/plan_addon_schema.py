"""Which add-ons plans sell, on the wire, to the contract."""

from typing import Annotated, ClassVar

from pydantic import Field

from meterhouse.catalog.addon_schema import AddonWire, addon_wire
from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.catalog.plan_addon_service import ShownPlanAddon
from meterhouse.catalog.schema import ValidationErrorWire, validation_errors
from meterhouse.platform.wire import Instant, Metadata, Ulid, Whole, Wire

_LARGEST = 2**31 - 1


class PlanAddonReplaceUpdate(Wire):
    """The add-on stays."""

    metadata: Metadata | None = None
    from_plan_phase: Annotated[str, Field(min_length=1, max_length=64)]
    max_quantity: Annotated[Whole, Field(ge=1, le=_LARGEST)] | None = None


class PlanAddonCreate(PlanAddonReplaceUpdate):
    addon_id: Ulid


class PlanAddonWire(PlanAddonReplaceUpdate):
    nullable: ClassVar[frozenset[str]] = frozenset({"validation_errors"})

    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None
    addon: AddonWire
    validation_errors: list[ValidationErrorWire] | None


def plan_addon_terms(wire: PlanAddonReplaceUpdate) -> PlanAddonTerms:
    return PlanAddonTerms(wire.from_plan_phase, wire.max_quantity, wire.metadata or {})


def plan_addon_wire(shown: ShownPlanAddon) -> PlanAddonWire:
    assigned, terms = shown.assigned, shown.assigned.terms
    return PlanAddonWire(
        addon=addon_wire(shown.addon),
        from_plan_phase=terms.from_plan_phase,
        max_quantity=terms.max_quantity,
        metadata=dict(terms.metadata) or None,
        created_at=assigned.created_at,
        updated_at=assigned.updated_at,
        deleted_at=assigned.deleted_at,
        validation_errors=validation_errors(shown.problems),
    )
