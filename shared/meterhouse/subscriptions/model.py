"""Subscriptions: what a customer agreed to pay, from when, until when. Rate cards are copied in, never referred to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterhouse.catalog.plan import SettlementMode
from meterhouse.kernel.cadence import Cadence, period_at
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.addon import SubscriptionAddon
from meterhouse.subscriptions.effective import Overlays
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase
from meterhouse.subscriptions.span import Span


class SubscriptionStatus(StrEnum):
    """Derived at an instant, never stored."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    CANCELED = "canceled"
    """Still running, with its end set."""
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class PlanReference:
    id: str
    key: str
    version: int


class CostBasisMode(StrEnum):
    """What a unit of a custom currency is worth when it is invoiced."""

    DYNAMIC = "dynamic"
    """What is in force when it was used."""
    PINNED = "pinned"
    """What was in force when it was agreed on."""


@dataclass(frozen=True, slots=True)
class CostBasisPin:
    """What units of a custom currency are worth on the subscription's invoices, whatever comes later."""

    currency_code: str
    currency_id: str
    cost_basis_id: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """In force during [`active_from`, `active_to`); `active_to` None: until canceled.

    Attributes:
        billing_anchor: billing periods are `billing_anchor` + n x `billing_cadence`, cut at the phases' edges.
        currency: of its invoices; rate cards may be priced in custom ones.
        is_prorated: whether a flat price is charged by the share of its full service period.
        pins: in order of the currencies' codes; none where `cost_basis_mode` is dynamic.
        addons: in order of their purchase.
        previous_id, superseding_id: the subscription that this one took the place of, and the one that took its.
    """

    id: str
    customer_id: str
    name: str
    currency: str
    billing_cadence: Cadence
    billing_anchor: datetime
    active_from: datetime
    phases: tuple[SubscriptionPhase, ...]
    created_at: datetime
    updated_at: datetime
    active_to: datetime | None = None
    plan: PlanReference | None = None
    description: str | None = None
    is_prorated: bool = True
    settlement_mode: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
    metadata: Mapping[str, str] = field(default_factory=dict)
    previous_id: str | None = None
    superseding_id: str | None = None
    addons: tuple[SubscriptionAddon, ...] = ()
    deleted_at: datetime | None = None
    cost_basis_mode: CostBasisMode = CostBasisMode.DYNAMIC
    pins: tuple[CostBasisPin, ...] = ()

    def status_at(self, at: datetime) -> SubscriptionStatus:
        if at < self.active_from:
            return SubscriptionStatus.SCHEDULED
        if self.active_to is None:
            return SubscriptionStatus.ACTIVE
        return SubscriptionStatus.CANCELED if at < self.active_to else SubscriptionStatus.INACTIVE

    def overlaps(self, other: "Subscription") -> bool:
        """Whether both are in force at some instant."""
        return Span(self.active_from, self.active_to).meets(Span(other.active_from, other.active_to))

    def effective_phases(self) -> tuple[SubscriptionPhase, ...]:
        """The phases that come into force, cut at the subscription's end, with the items that add-ons make of them."""
        overlays = Overlays(self.id, self.addons, self.billing_cadence)
        return tuple(
            overlays.over(phase.until(self.active_to))
            for phase in self.phases
            if self.active_to is None or phase.active_from < self.active_to
        )

    def feature_keys(self) -> set[str]:
        """Of all it comes to charge or include, add-ons among them."""
        items = (item for phase in self.effective_phases() for item in phase.items)
        return {item.rate_card.feature_key for item in items if item.rate_card.feature_key}

    def currency_codes(self) -> set[str]:
        """Of the custom currencies that anything in it is priced in, add-ons among them."""
        items = (item for phase in self.effective_phases() for item in phase.items)
        return {item.rate_card.currency.code for item in items if item.rate_card.currency is not None}

    def pinned_to(self, currency_code: str) -> str | None:
        """The id of the cost basis that the custom currency is pinned to."""
        return next((pin.cost_basis_id for pin in self.pins if pin.currency_code == currency_code), None)

    @property
    def items(self) -> tuple[SubscriptionItem, ...]:
        """Those of all phases, with their planned ends."""
        return tuple(item for phase in self.phases for item in phase.items)

    def phase_at(self, at: datetime) -> SubscriptionPhase | None:
        return next((phase for phase in self.effective_phases() if phase.span.contains(at)), None)

    def billing_period_at(self, at: datetime) -> Period | None:
        """The billing period that contains `at`, cut at the edges of its phase; None while not in force."""
        phase = self.phase_at(at)
        if phase is None:
            return None
        return clipped(period_at(self.billing_anchor, self.billing_cadence, at), phase.active_from, phase.active_to)


def clipped(period: Period, start: datetime, end: datetime | None) -> Period | None:
    """The part of `period` in [`start`, `end`), or None."""
    if start <= period.start and (end is None or period.end <= end):
        return period
    first, last = max(period.start, start), min(period.end, end or period.end)
    return Period(first, last) if first < last else None
