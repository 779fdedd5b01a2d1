"""Rules: what somebody wants to be told of, and by which channels. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class EventType(StrEnum):
    """Kinds of notifications; a rule is of one kind."""

    BALANCE_THRESHOLD = "entitlements.balance.threshold"
    ENTITLEMENT_RESET = "entitlements.reset"
    INVOICE_CREATED = "invoice.created"
    INVOICE_UPDATED = "invoice.updated"

    @property
    def is_of_entitlements(self) -> bool:
        """Whether it is told of an entitlement; the others are told of an invoice."""
        return self in (EventType.BALANCE_THRESHOLD, EventType.ENTITLEMENT_RESET)


class ThresholdType(StrEnum):
    """`PERCENT` and `NUMBER` are older names of `usage_percentage` and `usage_value`."""

    PERCENT = "PERCENT"
    NUMBER = "NUMBER"
    BALANCE_VALUE = "balance_value"
    USAGE_PERCENTAGE = "usage_percentage"
    USAGE_VALUE = "usage_value"

    @property
    def is_percentage(self) -> bool:
        return self in (ThresholdType.PERCENT, ThresholdType.USAGE_PERCENTAGE)

    @property
    def is_of_balance(self) -> bool:
        """Whether it is passed downwards, by the balance; the others are passed upwards, by usage."""
        return self is ThresholdType.BALANCE_VALUE


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level: in units, or in per cent of what a usage period has available."""

    type: ThresholdType
    value: Decimal


@dataclass(frozen=True, slots=True)
class FeatureRef:
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        channel_ids: in the order in which they were given.
        since: it tells of no reset before: when it was made, enabled again, or got other features.
        thresholds: of `BALANCE_THRESHOLD` alone.
        features: whose entitlements are meant; none: those of every feature.
    """

    id: str
    type: EventType
    name: str
    channel_ids: tuple[str, ...]
    since: datetime
    created_at: datetime
    updated_at: datetime
    disabled: bool = False
    metadata: Mapping[str, str] | None = None
    thresholds: tuple[Threshold, ...] = ()
    features: tuple[FeatureRef, ...] = ()
    deleted_at: datetime | None = None

    def is_of_feature(self, key: str) -> bool:
        return not self.features or any(feature.key == key for feature in self.features)
