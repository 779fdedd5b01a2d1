"""Rules on the wire, to the contract."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from meterhouse.catalog.entitlement_template_schema import UsageAmount
from meterhouse.notifications.channel import ChannelType
from meterhouse.notifications.payload import ThresholdWire, threshold_wire
from meterhouse.notifications.rule import EventType, Threshold, ThresholdType
from meterhouse.notifications.rules import RuleSpec, ShownRule
from meterhouse.platform.wire import Flag, Key, Metadata, Name, Resource, Ulid, Wire

FeatureName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=64, pattern=r"^[a-z0-9]+(?:_[a-z0-9]+)*$|^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"
    ),
]
"""A key or an id."""
FeatureNames = Annotated[list[FeatureName], Field(min_length=1, max_length=1000)]


class NotificationChannelMeta(Wire):
    id: Ulid
    type: ChannelType


class FeatureMeta(Wire):
    id: Ulid
    key: Key


class NotificationRuleBalanceThresholdValue(Wire):
    value: UsageAmount
    type: ThresholdType


class _RuleCreate(Wire):
    name: Name
    disabled: Flag = False
    metadata: Metadata | None = None
    channels: Annotated[list[Ulid], Field(min_length=1, max_length=5)]


class NotificationRuleBalanceThresholdCreateRequest(_RuleCreate):
    type: Literal["entitlements.balance.threshold"]
    thresholds: Annotated[list[NotificationRuleBalanceThresholdValue], Field(min_length=1, max_length=10)]
    features: FeatureNames | None = None


class NotificationRuleEntitlementResetCreateRequest(_RuleCreate):
    type: Literal["entitlements.reset"]
    features: FeatureNames | None = None


class NotificationRuleInvoiceCreatedCreateRequest(_RuleCreate):
    type: Literal["invoice.created"]


class NotificationRuleInvoiceUpdatedCreateRequest(_RuleCreate):
    type: Literal["invoice.updated"]


NotificationRuleCreateRequest = Annotated[
    NotificationRuleBalanceThresholdCreateRequest
    | NotificationRuleEntitlementResetCreateRequest
    | NotificationRuleInvoiceCreatedCreateRequest
    | NotificationRuleInvoiceUpdatedCreateRequest,
    Field(discriminator="type"),
]


class NotificationRule(Resource):
    """`thresholds` and `features` only of the types that have them; without `features` every feature is meant."""

    type: EventType
    name: Name
    disabled: bool
    channels: list[NotificationChannelMeta]
    metadata: Metadata | None = None
    thresholds: list[ThresholdWire] | None = None
    features: list[FeatureMeta] | None = None


def rule_spec(
    wire: NotificationRuleBalanceThresholdCreateRequest
    | NotificationRuleEntitlementResetCreateRequest
    | NotificationRuleInvoiceCreatedCreateRequest
    | NotificationRuleInvoiceUpdatedCreateRequest,
) -> RuleSpec:
    thresholds: tuple[Threshold, ...] = ()
    features: list[str] | None = None
    if isinstance(wire, NotificationRuleBalanceThresholdCreateRequest):
        thresholds = tuple(Threshold(one.type, one.value) for one in wire.thresholds)
        features = wire.features
    elif isinstance(wire, NotificationRuleEntitlementResetCreateRequest):
        features = wire.features
    return RuleSpec(
        EventType(wire.type),
        wire.name,
        tuple(wire.channels),
        wire.disabled,
        wire.metadata,
        thresholds,
        tuple(features or ()),
    )


def rule_wire(shown: ShownRule) -> NotificationRule:
    rule = shown.rule
    fields: dict[str, Any] = {
        name: getattr(rule, name)
        for name in ("id", "type", "name", "disabled", "created_at", "updated_at", "deleted_at")
    }
    return NotificationRule(
        **fields,
        channels=[NotificationChannelMeta(id=one, type=shown.channel_types[one]) for one in rule.channel_ids],
        metadata=None if rule.metadata is None else dict(rule.metadata),
        thresholds=[threshold_wire(one) for one in rule.thresholds] or None,
        features=[FeatureMeta(id=one.id, key=one.key) for one in rule.features] or None,
    )
