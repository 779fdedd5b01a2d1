"""Plans: versioned lists of phases, published and archived at instants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.version import Status, Version
from meterhouse.kernel.cadence import Cadence

BILLING_CADENCES = tuple(map(Cadence.parse, ("P1W", "P2W", "P4W", "P1M", "P3M", "P6M", "P12M", "P1Y")))


PlanStatus = Status
"""As the contract names it."""


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


Plan = Version[PlanSpec]
"""One version of a plan."""
