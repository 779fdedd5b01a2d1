"""Channels, rules and notifications over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.billing.ports import PageOf
from meterhouse.notifications.channel_schema import (
    NotificationChannel,
    NotificationChannelCreateRequest,
    RotateSecretRequest,
    channel_spec,
    channel_wire,
)
from meterhouse.notifications.channels import ChannelService
from meterhouse.notifications.notification_api import notification_routes
from meterhouse.notifications.notification_schema import NotificationEvent, notification_wire
from meterhouse.notifications.notifications import NotificationService
from meterhouse.notifications.ports import ChannelFilter, Order, RuleFilter
from meterhouse.notifications.rule_schema import (
    FeatureName,
    NotificationRule,
    NotificationRuleCreateRequest,
    rule_spec,
    rule_wire,
)
from meterhouse.notifications.rules import RuleService
from meterhouse.notifications.try_rule import TryRule
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder, Ulid

_CHANNELS = "/api/v1/notification/channels"
_CHANNEL = f"{_CHANNELS}/<channel_id>"
_RULES = "/api/v1/notification/rules"
_RULE = f"{_RULES}/<rule_id>"
_TAGS = ["Notifications"]
_Id = Annotated[Ulid, Path()]
_IncludeDeleted = Annotated[bool, Query(alias="includeDeleted")]
_IncludeDisabled = Annotated[bool, Query(alias="includeDisabled")]
_PageNumber = Annotated[PageNumber, Query()]
_PageSize = Annotated[PageSize, Query(alias="pageSize")]
_Sorted = Annotated[SortOrder, Query()]
_OrderBy = Annotated[Order, Query(alias="orderBy")]


def routes(
    channels: ChannelService, rules: RuleService, try_rule: TryRule, notifications: NotificationService
) -> tuple[Router, ...]:
    return channel_routes(channels), rule_routes(rules, try_rule), notification_routes(notifications)


def channel_routes(service: ChannelService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_CHANNELS, operation_id="listNotificationChannels", tags=_TAGS, summary="List channels")
    def page(
        *,
        include_deleted: _IncludeDeleted = False,
        include_disabled: _IncludeDisabled = False,
        page: _PageNumber = 1,
        page_size: _PageSize = 100,
        order: _Sorted = SortOrder.ASC,
        order_by: _OrderBy = Order.ID,
    ) -> Page[NotificationChannel]:
        wanted = ChannelFilter(include_deleted, include_disabled)
        of = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), wanted, of, order_by)
        return Page(total_count=total, page=page, page_size=page_size, items=[channel_wire(one) for one in found])

    @router.post(_CHANNELS, operation_id="createNotificationChannel", tags=_TAGS, summary="Create a channel")
    def create(body: Annotated[NotificationChannelCreateRequest, Body()]) -> tuple[NotificationChannel, int]:
        return channel_wire(service.create(namespace(), channel_spec(body))), HTTPStatus.CREATED

    @router.get(_CHANNEL, operation_id="getNotificationChannel", tags=_TAGS, summary="Get a channel")
    def get(channel_id: _Id) -> NotificationChannel:
        return channel_wire(service.get(namespace(), channel_id))

    @router.put(_CHANNEL, operation_id="updateNotificationChannel", tags=_TAGS, summary="Update a channel")
    def replace(channel_id: _Id, body: Annotated[NotificationChannelCreateRequest, Body()]) -> NotificationChannel:
        return channel_wire(service.replace(namespace(), channel_id, channel_spec(body)))

    @router.post(
        f"{_CHANNEL}/rotate-secret",
        operation_id="rotateNotificationChannelSecret",
        tags=_TAGS,
        summary="Sign with another secret, and for a day with the one before, too",
    )
    def rotate(channel_id: _Id, body: Annotated[RotateSecretRequest, Body()]) -> NotificationChannel:
        return channel_wire(service.rotate(namespace(), channel_id, body.signing_secret))

    @router.delete(_CHANNEL, operation_id="deleteNotificationChannel", tags=_TAGS, summary="Delete a channel")
    def delete(channel_id: _Id) -> Response[None]:
        service.delete(namespace(), channel_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def rule_routes(service: RuleService, try_rule: TryRule) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    _listing(router, service, namespace)

    @router.post(_RULES, operation_id="createNotificationRule", tags=_TAGS, summary="Create a rule")
    def create(body: Annotated[NotificationRuleCreateRequest, Body()]) -> tuple[NotificationRule, int]:
        return rule_wire(service.create(namespace(), rule_spec(body))), HTTPStatus.CREATED

    @router.get(_RULE, operation_id="getNotificationRule", tags=_TAGS, summary="Get a rule")
    def get(rule_id: _Id) -> NotificationRule:
        return rule_wire(service.get(namespace(), rule_id))

    @router.put(_RULE, operation_id="updateNotificationRule", tags=_TAGS, summary="Update a rule")
    def replace(rule_id: _Id, body: Annotated[NotificationRuleCreateRequest, Body()]) -> NotificationRule:
        return rule_wire(service.replace(namespace(), rule_id, rule_spec(body)))

    @router.delete(_RULE, operation_id="deleteNotificationRule", tags=_TAGS, summary="Delete a rule")
    def delete(rule_id: _Id) -> Response[None]:
        service.delete(namespace(), rule_id)
        return Response(HTTPStatus.NO_CONTENT)

    @router.post(f"{_RULE}/test", operation_id="testNotificationRule", tags=_TAGS, summary="Try a rule out")
    def test(rule_id: _Id) -> tuple[NotificationEvent, int]:
        return notification_wire(try_rule(namespace(), rule_id)), HTTPStatus.CREATED

    return router


def _listing(router: Router, service: RuleService, namespace: Callable[[], str]) -> None:
    @router.get(_RULES, operation_id="listNotificationRules", tags=_TAGS, summary="List rules")
    def page(
        *,
        include_deleted: _IncludeDeleted = False,
        include_disabled: _IncludeDisabled = False,
        feature: Annotated[list[FeatureName] | None, Query()] = None,
        channel: Annotated[list[str] | None, Query()] = None,
        page: _PageNumber = 1,
        page_size: _PageSize = 100,
        order: _Sorted = SortOrder.ASC,
        order_by: _OrderBy = Order.ID,
    ) -> Page[NotificationRule]:
        wanted = RuleFilter(include_deleted, include_disabled, tuple(feature or ()), tuple(channel or ()))
        of = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), wanted, of, order_by)
        return Page(total_count=total, page=page, page_size=page_size, items=[rule_wire(one) for one in found])
