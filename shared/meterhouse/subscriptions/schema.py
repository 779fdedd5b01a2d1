"""Subscriptions as answers show them, to the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.feature_schema import FeatureWire, feature_wire
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.plan_schema import Alignment, ProRatingConfig
from meterhouse.catalog.price_schema import DiscountsWire, UsageBasedPrice, discounts_to_wire, price_to_wire
from meterhouse.catalog.schema import TaxConfig
from meterhouse.entitlements.subject_schema import EntitlementV1, entitlement_wire
from meterhouse.kernel.period import Period
from meterhouse.platform.wire import (
    CurrencyCode,
    CurrencyCodeOrCustom,
    Description,
    Flag,
    Instant,
    Key,
    Metadata,
    Name,
    PeriodWire,
    Resource,
    Ulid,
    Wire,
)
from meterhouse.subscriptions.full import FullSubscription
from meterhouse.subscriptions.model import CostBasisMode, Subscription, SubscriptionStatus
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase


class SubscriptionAlignment(Alignment):
    current_aligned_billing_period: PeriodWire | None = None


class PlanReferenceWire(Wire):
    id: Ulid
    key: Key
    version: int


class SubscriptionItemIncluded(Wire):
    feature: FeatureWire
    entitlement: EntitlementV1 | None = None


class SubscriptionItemWire(Resource):
    nullable: ClassVar[frozenset[str]] = frozenset({"billing_cadence", "price"})

    key: Key
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    active_from: Instant
    active_to: Instant | None = None
    currency: CurrencyCodeOrCustom | None = None
    feature_key: Key | None = None
    included: SubscriptionItemIncluded | None = None
    billing_cadence: Duration | None
    price: UsageBasedPrice | None
    discounts: DiscountsWire | None = None
    tax_config: TaxConfig | None = None


class SubscriptionPhaseExpanded(Resource):
    key: Key
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    active_from: Instant
    active_to: Instant | None = None
    items: list[SubscriptionItemWire]
    item_timelines: dict[str, list[SubscriptionItemWire]]


class CostBasisPinWire(Wire):
    custom_currency_id: Ulid
    invoice_currency: CurrencyCode
    cost_basis_id: Ulid


class SubscriptionWire(Resource):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    active_from: Instant
    active_to: Instant | None = None
    annotations: dict[str, str] | None = None
    alignment: SubscriptionAlignment
    status: SubscriptionStatus
    customer_id: Ulid
    plan: PlanReferenceWire | None = None
    currency: CurrencyCode
    cost_basis_mode: CostBasisMode
    cost_basis_pins: list[CostBasisPinWire]
    billing_cadence: Duration
    pro_rating_config: ProRatingConfig
    billing_anchor: Instant
    settlement_mode: SettlementMode


class SubscriptionExpanded(SubscriptionWire):
    phases: list[SubscriptionPhaseExpanded]


class SubscriptionChangeResponse(Wire):
    current: SubscriptionWire
    next: SubscriptionExpanded


class SubscriptionSettingsWire(Wire):
    """Whether the namespace's customers may have several subscriptions at a time."""

    multi_subscription: Flag


def subscription_to_wire(subscription: Subscription, at: datetime) -> SubscriptionWire:
    """The subscription as it stands at `at`, without its phases."""
    return SubscriptionWire(**_fields(subscription, at))


def subscription_expanded(full: FullSubscription, at: datetime) -> SubscriptionExpanded:
    """The subscription as it stands at `at`, with the phases that come into force."""
    phases = [_Shown(full, at).phase(phase) for phase in full.subscription.effective_phases()]
    return SubscriptionExpanded(**_fields(full.subscription, at), phases=phases)


def _fields(subscription: Subscription, at: datetime) -> dict[str, Any]:
    plan = subscription.plan
    period = subscription.billing_period_at(at)
    copied = ("id", "name", "description", "active_from", "active_to", "customer_id", "currency", "billing_cadence")
    kept = ("billing_anchor", "settlement_mode", "cost_basis_mode", "created_at", "updated_at", "deleted_at")
    return {
        **{name: getattr(subscription, name) for name in (*copied, *kept)},
        "metadata": dict(subscription.metadata) or None,
        "annotations": _annotations(subscription) or None,
        "status": subscription.status_at(at),
        "plan": plan and PlanReferenceWire(id=plan.id, key=plan.key, version=plan.version),
        "cost_basis_pins": [
            CostBasisPinWire(
                custom_currency_id=pin.currency_id,
                invoice_currency=subscription.currency,
                cost_basis_id=pin.cost_basis_id,
            )
            for pin in subscription.pins
        ],
        "pro_rating_config": ProRatingConfig(enabled=subscription.is_prorated, mode="prorate_prices"),
        "alignment": SubscriptionAlignment(
            billables_must_align=True,
            current_aligned_billing_period=None if period is None else _period(period),
        ),
    }


def _annotations(subscription: Subscription) -> dict[str, str]:
    linked = {
        "subscription.previous.id": subscription.previous_id,
        "subscription.superseding.id": subscription.superseding_id,
    }
    return {name: other for name, other in linked.items() if other is not None}


def _period(period: Period) -> PeriodWire:
    return PeriodWire.model_validate({"from": period.start, "to": period.end})


@dataclass(frozen=True, slots=True)
class _Shown:
    full: FullSubscription
    at: datetime

    def phase(self, phase: SubscriptionPhase) -> SubscriptionPhaseExpanded:
        timelines: dict[str, list[SubscriptionItemWire]] = {}
        for item in phase.items:
            timelines.setdefault(item.key, []).append(self._item(item))
        return SubscriptionPhaseExpanded(
            id=phase.id,
            created_at=self.full.subscription.created_at,
            updated_at=self.full.subscription.updated_at,
            key=phase.key,
            name=phase.name,
            description=phase.description,
            metadata=dict(phase.metadata) or None,
            active_from=phase.active_from,
            active_to=phase.active_to,
            items=[self._in_force(timeline) for timeline in timelines.values()],
            item_timelines=timelines,
        )

    def _in_force(self, timeline: Sequence[SubscriptionItemWire]) -> SubscriptionItemWire:
        """The item of a key at the instant shown; before the phase its first one, after it its last."""
        return next((item for item in timeline if item.active_to is None or self.at < item.active_to), timeline[-1])

    def _item(self, item: SubscriptionItem) -> SubscriptionItemWire:
        card = item.rate_card
        return SubscriptionItemWire(
            id=item.id,
            created_at=self.full.subscription.created_at,
            updated_at=self.full.subscription.updated_at,
            key=item.key,
            name=card.name,
            description=card.description,
            metadata=dict(card.metadata) or None,
            active_from=item.active_from,
            active_to=item.active_to,
            currency=self.full.subscription.currency if card.currency is None else card.currency.code,
            feature_key=card.feature_key,
            included=self._included(item),
            billing_cadence=card.billing_cadence,
            price=None if card.price is None else price_to_wire(card.price),
            discounts=discounts_to_wire(card.discounts),
            tax_config=None if card.tax_config is None else TaxConfig.model_validate(card.tax_config),
        )

    def _included(self, item: SubscriptionItem) -> SubscriptionItemIncluded | None:
        feature, entitlement = self.full.feature_of(item), self.full.entitlement_of(item)
        if feature is None:
            return None
        told = None if entitlement is None else entitlement_wire(entitlement, self.at)
        return SubscriptionItemIncluded(feature=feature_wire(feature), entitlement=told)
