"""What a customer has agreed to pay, over HTTP."""

from collections.abc import Callable
from datetime import datetime

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.price_schema import DiscountsWire, UsageBasedPrice
from meterhouse.platform import clock
from meterhouse.platform.wire import CurrencyCode, CustomCurrencyCode, Instant, PeriodWire, Ulid, Wire
from meterhouse.portal.caller import caller_of
from meterhouse.subscriptions.full import FullSubscription
from meterhouse.subscriptions.model import SubscriptionStatus
from meterhouse.subscriptions.schema import SubscriptionItemWire, subscription_expanded
from meterhouse.subscriptions.service import SubscriptionService

_NOT_OVER = (SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELED, SubscriptionStatus.SCHEDULED)


class PortalItem(Wire):
    """What is charged; without a price it is included. `currency` is the custom one that it is priced in."""

    name: str
    description: str | None = None
    feature_key: str | None = None
    billing_cadence: Duration | None = None
    price: UsageBasedPrice | None = None
    currency: CustomCurrencyCode | None = None
    discounts: DiscountsWire | None = None


class PortalPlan(Wire):
    key: str
    version: int


class PortalSubscription(Wire):
    """`items` are those in force now, in the phase of this name; of one to come those it begins with."""

    id: Ulid
    name: str
    description: str | None = None
    status: SubscriptionStatus
    plan: PortalPlan | None = None
    currency: CurrencyCode
    billing_cadence: Duration
    active_from: Instant
    active_to: Instant | None = None
    current_period: PeriodWire | None = None
    phase: str | None = None
    items: list[PortalItem]


class PortalSubscriptions(Wire):
    items: list[PortalSubscription]


def portal_subscription_routes(service: SubscriptionService, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    @router.get(
        "/api/v1/portal/subscriptions",
        operation_id="listPortalSubscriptions",
        tags=["Portal"],
        summary="List the customer's subscriptions that are not over, with their prices",
    )
    def not_over() -> PortalSubscriptions:
        caller, at = caller_of(router.current_event.raw_event), now()
        found = service.of_customer(caller.namespace, caller.customer(), _NOT_OVER)
        full = [service.get_in_full(caller.namespace, one.id) for one in found]
        return PortalSubscriptions(items=[_subscription(one, at) for one in full])

    return router


def _subscription(full: FullSubscription, at: datetime) -> PortalSubscription:
    wire = subscription_expanded(full, at)
    as_of = max(at, wire.active_from)
    phase = next((one for one in wire.phases if _is_in_force(one.active_from, one.active_to, as_of)), None)
    items = [] if phase is None else [one for one in phase.items if _is_in_force(one.active_from, one.active_to, as_of)]
    return PortalSubscription(
        id=wire.id,
        name=wire.name,
        description=wire.description,
        status=wire.status,
        plan=None if wire.plan is None else PortalPlan(key=wire.plan.key, version=wire.plan.version),
        currency=wire.currency,
        billing_cadence=wire.billing_cadence,
        active_from=wire.active_from,
        active_to=wire.active_to,
        current_period=wire.alignment.current_aligned_billing_period,
        phase=None if phase is None else phase.name,
        items=[_item(one, wire.currency) for one in items],
    )


def _item(item: SubscriptionItemWire, invoiced_in: str) -> PortalItem:
    return PortalItem(
        name=item.name,
        description=item.description,
        feature_key=item.feature_key,
        billing_cadence=item.billing_cadence,
        price=item.price,
        currency=None if item.currency == invoiced_in else item.currency,
        discounts=item.discounts,
    )


def _is_in_force(since: datetime, until: datetime | None, at: datetime) -> bool:
    return since <= at and (until is None or at < until)
