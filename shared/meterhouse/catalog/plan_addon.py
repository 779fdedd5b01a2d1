"""Add-ons as plans sell them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from meterhouse.catalog.addon import Addon


@dataclass(frozen=True, slots=True)
class PlanAddonTerms:
    """How a plan sells an add-on.

    Attributes:
        from_plan_phase: key of the plan's phase from which on it can be bought.
        max_quantity: how many a subscription may have; None: any number. Of one that is single there is one.
    """

    from_plan_phase: str
    max_quantity: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanAddon:
    """One version of a plan sells one version of an add-on."""

    id: str
    plan_id: str
    addon: Addon
    terms: PlanAddonTerms
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
