"""What a rule is tried out with: made up, and in the shape of the real."""

from datetime import datetime, timedelta
from decimal import Decimal

from meterhouse.billing.invoice import Invoice
from meterhouse.billing.profile import Party, Workflow
from meterhouse.billing.service import Shown
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.subject import Subject
from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType, Issue, floor_minute
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.period import Period
from meterhouse.notifications.payload import Held, Value
from meterhouse.notifications.rule import FeatureRef, Threshold
from meterhouse.rating.line import Totals

_AMOUNT = Decimal(10_000)
_TOTAL = Decimal("99.90")


def sample_held(feature: FeatureRef | None, now: datetime) -> Held:
    """An entitlement to the feature, or to one made up, of a customer made up."""
    began = floor_minute(now) - timedelta(days=1)
    of = feature or FeatureRef(_id("feature", now), "sample_feature")
    periods = UsagePeriods(Cadence.parse("P1M"), began, began)
    customer = Customer(_id("customer", now), CustomerDetails("Sample", "sample_customer"), began, began)
    entitlement = Entitlement(
        id=_id("entitlement", now),
        customer_id=customer.id,
        feature_id=of.id,
        feature_key=of.key,
        type=EntitlementType.METERED,
        active_from=began,
        created_at=began,
        updated_at=began,
        allowance=Allowance(periods, issue=Issue(_AMOUNT)),
    )
    subject = Subject(_id("subject", now), "sample_customer", began, began)
    return Held(entitlement, customer, subject, Feature(of.id, FeatureSpec(of.key, of.key), began, began))


def sample_value(threshold: Threshold | None) -> Value:
    """Past the threshold, where there is one; else nothing is used yet."""
    if threshold is None:
        return Value(_AMOUNT, Decimal(0), Decimal(0), _AMOUNT, has_access=True)
    if threshold.type.is_of_balance:
        left = max(threshold.value - 1, Decimal(0))
        return Value(left, _AMOUNT, Decimal(0), _AMOUNT + left, has_access=left > 0)
    used = threshold.value + 1
    if threshold.type.is_percentage:
        used = _AMOUNT * used / 100
    left = max(_AMOUNT - used, Decimal(0))
    return Value(left, used, max(used - _AMOUNT, Decimal(0)), _AMOUNT, has_access=left > 0)


def sample_invoice(now: datetime) -> Shown:
    """An issued invoice of a customer made up, without lines."""
    began = floor_minute(now) - timedelta(days=30)
    invoice = Invoice(
        id=_id("invoice", now),
        number="SAMPLE-1",
        state=InvoiceState.ISSUED,
        customer=Party(_id("customer", now), "sample_customer", "Sample"),
        subject_keys=("sample_customer",),
        currency="USD",
        profile_id=_id("profile", now),
        app_id=_id("app", now),
        supplier=Party(name="Sample supplier"),
        workflow=Workflow(),
        created_at=now,
        updated_at=now,
        totals=Totals(amount=_TOTAL),
        period=Period(began, floor_minute(now)),
        issued_at=now,
        due_at=now + timedelta(days=30),
    )
    return Shown(invoice, {})


def _id(kind: str, now: datetime) -> str:
    return derived_ulid(now, "notification sample", kind)
