"""Plans: versioned lists of phases, published and archived at instants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence

BILLING_CADENCES = tuple(map(Cadence.parse, ("P1W", "P2W", "P4W", "P1M", "P3M", "P6M", "P12M", "P1Y")))


class PlanStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"
    SCHEDULED = "scheduled"


class SettlementMode(StrEnum):
    CREDIT_THEN_INVOICE = "credit_then_invoice"
    CREDIT_ONLY = "credit_only"


@dataclass(frozen=True, slots=True)
class PlanPhase:
    """A stretch of a subscription's life; `duration` None: until the subscription ends."""

    key: str
    name: str
    duration: Cadence | None
    rate_cards: tuple[RateCard, ...]
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """What a plan's author writes; everything else about a plan is decided here.

    Attributes:
        currency: an ISO 4217 code; fixed for all versions of a draft.
        is_prorated: whether flat prices of a clipped service period are charged by their share.
    """

    name: str
    currency: str
    billing_cadence: Cadence
    phases: tuple[PlanPhase, ...]
    is_prorated: bool = True
    settlement_mode: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan; `effective_from` and `effective_to` bound when it is on sale, `[from, to)`."""

    id: str
    key: str
    version: int
    spec: PlanSpec
    created_at: datetime
    updated_at: datetime
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    deleted_at: datetime | None = None

    def status(self, at: datetime) -> PlanStatus:
        """What it is at an instant; no job has to run for it to change."""
        if self.effective_from is None:
            return PlanStatus.DRAFT
        if self.effective_to is not None and self.effective_to <= at:
            return PlanStatus.ARCHIVED
        return PlanStatus.ACTIVE if self.effective_from <= at else PlanStatus.SCHEDULED
