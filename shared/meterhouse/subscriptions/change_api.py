"""Subscriptions that become others, over HTTP; and, ours, how many a customer may have at a time."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Ulid
from meterhouse.subscriptions.change import Changed
from meterhouse.subscriptions.edit_schema import SubscriptionEdit, edit_of
from meterhouse.subscriptions.request_schema import SubscriptionChange, SubscriptionMigrate, change_of, migration_of
from meterhouse.subscriptions.schema import (
    SubscriptionChangeResponse,
    SubscriptionSettingsWire,
    SubscriptionWire,
    subscription_expanded,
    subscription_to_wire,
)
from meterhouse.subscriptions.service import SubscriptionService

_TAGS = ["Subscriptions"]
_SUBSCRIPTION = "/api/v1/subscriptions/<subscription_id>"
_SETTINGS = "/api/v1/subscription-settings"
_HOW_MANY = "how many subscriptions a customer may have at a time"
SubscriptionId = Annotated[Ulid, Path()]


def change_routes(service: SubscriptionService, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    def changed(done: Changed) -> SubscriptionChangeResponse:
        full, at = service.get_in_full(namespace(), done.next.id), now()
        return SubscriptionChangeResponse(
            current=subscription_to_wire(done.current, at), next=subscription_expanded(full, at)
        )

    @router.patch(_SUBSCRIPTION, operation_id="editSubscription", tags=_TAGS, summary="Edit subscription")
    def edit(subscription_id: SubscriptionId, body: Annotated[SubscriptionEdit, Body()]) -> SubscriptionWire:
        return subscription_to_wire(service.edit(namespace(), subscription_id, edit_of(body)), now())

    @router.post(
        f"{_SUBSCRIPTION}/change", operation_id="changeSubscription", tags=_TAGS, summary="Change subscription"
    )
    def change(
        subscription_id: SubscriptionId, body: Annotated[SubscriptionChange, Body()]
    ) -> SubscriptionChangeResponse:
        return changed(service.change(namespace(), subscription_id, change_of(body)))

    @router.post(
        f"{_SUBSCRIPTION}/migrate", operation_id="migrateSubscription", tags=_TAGS, summary="Migrate subscription"
    )
    def migrate(
        subscription_id: SubscriptionId, body: Annotated[SubscriptionMigrate | None, Body()] = None
    ) -> SubscriptionChangeResponse:
        migration = migration_of(body or SubscriptionMigrate())
        return changed(service.migrate(namespace(), subscription_id, migration))

    @router.post(
        f"{_SUBSCRIPTION}/restore", operation_id="restoreSubscription", tags=_TAGS, summary="Restore subscription"
    )
    def restore(subscription_id: SubscriptionId) -> SubscriptionWire:
        return subscription_to_wire(service.restore(namespace(), subscription_id), now())

    @router.get(_SETTINGS, operation_id="getSubscriptionSettings", tags=_TAGS, summary=f"Tell {_HOW_MANY}")
    def settings() -> SubscriptionSettingsWire:
        return SubscriptionSettingsWire(multi_subscription=service.allows_several(namespace()))

    @router.put(_SETTINGS, operation_id="updateSubscriptionSettings", tags=_TAGS, summary=f"Settle {_HOW_MANY}")
    def settle(body: Annotated[SubscriptionSettingsWire, Body()]) -> SubscriptionSettingsWire:
        service.allow_several(namespace(), is_allowed=body.multi_subscription)
        return body

    return router
