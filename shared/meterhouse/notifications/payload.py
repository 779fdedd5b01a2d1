"""What messages carry, as the contract writes it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.invoice_schema import InvoiceExpand, InvoiceWire
from meterhouse.billing.invoice_wire import invoice_to_wire
from meterhouse.billing.service import Shown as ShownInvoice
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.feature_schema import FeatureWire, feature_wire
from meterhouse.customers.model import Customer
from meterhouse.customers.schema import CustomerWire, SubjectWire, customer_wire, subject_wire
from meterhouse.customers.service import ShownCustomer
from meterhouse.customers.subject import Subject
from meterhouse.entitlements.access_schema import EntitlementValue
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.holder import Shown as ShownEntitlement
from meterhouse.entitlements.subject_schema import EntitlementMetered, entitlement_wire
from meterhouse.notifications.notification import About
from meterhouse.notifications.rule import EventType, Threshold, ThresholdType
from meterhouse.platform.wire import Instant, JsonNumber, Ulid, Wire

LARGEST = 256 * 1024
"""Bytes of a message; of an invoice that is longer the lines are left out, which a receiver can ask for by its id."""
_ALL = frozenset((InvoiceExpand.LINES, InvoiceExpand.WORKFLOW_APPS))


class ThresholdWire(Wire):
    value: JsonNumber
    type: ThresholdType


class EntitlementData(Wire):
    entitlement: EntitlementMetered
    feature: FeatureWire
    subject: SubjectWire
    value: EntitlementValue
    customer: CustomerWire


class ThresholdData(EntitlementData):
    threshold: ThresholdWire


class Payload(Wire):
    id: Ulid
    type: EventType
    timestamp: Instant
    data: ThresholdData | EntitlementData | InvoiceWire


@dataclass(frozen=True, slots=True)
class Held:
    """An entitlement with whose it is, and of what."""

    entitlement: Entitlement
    customer: Customer
    subject: Subject
    feature: Feature

    @property
    def about(self) -> About:
        return About(self.feature.id, self.feature.key, self.subject.id, self.subject.key, self.customer.id)


@dataclass(frozen=True, slots=True)
class Value:
    """What an entitlement gives, as its own endpoint tells it."""

    balance: Decimal
    usage: Decimal
    overage: Decimal
    total_available: Decimal
    has_access: bool


def entitlement_payload(
    notification_id: str,
    kind: EventType,
    now: datetime,
    held: Held,
    value: Value,
    at: datetime,
    threshold: Threshold | None = None,
) -> str:
    """The message of an entitlement, as it was at `at`; told at `now`."""
    shown = ShownEntitlement(held.entitlement, held.customer, held.subject.key)
    fields: dict[str, Any] = {
        "entitlement": entitlement_wire(shown, at),
        "feature": feature_wire(held.feature),
        "subject": subject_wire(held.subject),
        "customer": customer_wire(ShownCustomer(held.customer)),
        "value": EntitlementValue(
            has_access=value.has_access,
            balance=value.balance,
            usage=value.usage,
            overage=value.overage,
            total_available_grant_amount=value.total_available,
        ),
    }
    if threshold is None:
        return _written(notification_id, kind, now, EntitlementData(**fields))
    passed = threshold_wire(threshold)
    return _written(notification_id, kind, now, ThresholdData(**fields, threshold=passed))


def invoice_payload(
    notification_id: str, kind: EventType, now: datetime, shown: ShownInvoice, app: InstalledApp | None
) -> str:
    """The message of an invoice as it is now, with its lines unless that is too much."""
    whole = _written(notification_id, kind, now, invoice_to_wire(shown, _ALL, app))
    if len(whole.encode()) <= LARGEST:
        return whole
    return _written(notification_id, kind, now, invoice_to_wire(shown, _ALL - {InvoiceExpand.LINES}, app))


def threshold_wire(threshold: Threshold) -> ThresholdWire:
    return ThresholdWire(value=threshold.value, type=threshold.type)


def _written(
    notification_id: str, kind: EventType, now: datetime, data: ThresholdData | EntitlementData | InvoiceWire
) -> str:
    return Payload(id=notification_id, type=kind, timestamp=now, data=data).model_dump_json(by_alias=True)
