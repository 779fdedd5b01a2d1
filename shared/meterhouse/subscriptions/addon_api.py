"""Add-ons of subscriptions over HTTP."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Ulid
from meterhouse.subscriptions.addon_schema import (
    SubscriptionAddonCreate,
    SubscriptionAddonUpdate,
    SubscriptionAddonWire,
    addon_change_of,
    addon_to_wire,
    new_addon_of,
)
from meterhouse.subscriptions.addon_service import AddonService

_TAGS = ["Subscriptions"]
_ADDONS = "/api/v1/subscriptions/<subscription_id>/addons"
_ADDON = f"{_ADDONS}/<subscription_addon_id>"
_Id = Annotated[Ulid, Path()]


def addon_routes(service: AddonService, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_ADDONS, operation_id="createSubscriptionAddon", tags=_TAGS, summary="Create subscription addon")
    def create(
        subscription_id: _Id, body: Annotated[SubscriptionAddonCreate, Body()]
    ) -> tuple[SubscriptionAddonWire, int]:
        made = service.add(namespace(), subscription_id, new_addon_of(body))
        return addon_to_wire(*made, now()), HTTPStatus.CREATED

    @router.get(_ADDONS, operation_id="listSubscriptionAddons", tags=_TAGS, summary="List subscription addons")
    def of_subscription(subscription_id: _Id) -> list[SubscriptionAddonWire]:
        return [addon_to_wire(*one, now()) for one in service.of_subscription(namespace(), subscription_id)]

    @router.get(_ADDON, operation_id="getSubscriptionAddon", tags=_TAGS, summary="Get subscription addon")
    def get(subscription_id: _Id, subscription_addon_id: _Id) -> SubscriptionAddonWire:
        return addon_to_wire(*service.get(namespace(), subscription_id, subscription_addon_id), now())

    @router.patch(_ADDON, operation_id="updateSubscriptionAddon", tags=_TAGS, summary="Update subscription addon")
    def update(
        subscription_id: _Id, subscription_addon_id: _Id, body: Annotated[SubscriptionAddonUpdate, Body()]
    ) -> SubscriptionAddonWire:
        change = addon_change_of(body)
        return addon_to_wire(*service.change(namespace(), subscription_id, subscription_addon_id, change), now())

    return router
