"""Billing profiles: who sells, and how invoices are collected, issued and paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterhouse.billing.alignment import Anchored
from meterhouse.customers.model import Address
from meterhouse.kernel.duration import Duration
from meterhouse.rating.conventions import OPENMETER, Conventions


class CollectionMethod(StrEnum):
    CHARGE_AUTOMATICALLY = "charge_automatically"
    SEND_INVOICE = "send_invoice"


class EndProration(StrEnum):
    BILL_FULL_PERIOD = "bill_full_period"
    BILL_ACTUAL_PERIOD = "bill_actual_period"


class LateUsage(StrEnum):
    """Whether usage that becomes known after its period was billed is billed, or given back, by itself."""

    BILL = "bill"
    IGNORE = "ignore"


_ONE_HOUR, _AT_ONCE, _THIRTY_DAYS = Duration("PT1H"), Duration("P0D"), Duration("P30D")


@dataclass(frozen=True, slots=True)
class Workflow:
    """How an invoice of the profile lives; the defaults are the contract's.

    Attributes:
        anchored: when runs collect; None: whenever something is due, as the subscriptions have it.
        collection_interval: how long late usage is waited for after the last metered line became due.
        draft_period: how long a collected draft may still be looked at before it is issued by itself.
        due_after: time to pay, from the issue.
        default_tax_config: the contract's TaxConfig, kept as sent.
        conventions: how lines are rated where systems differ.
        late_usage: what becomes of usage that is known only after its period was billed.
    """

    collection_interval: Duration = _ONE_HOUR
    auto_advance: bool = True
    draft_period: Duration = _AT_ONCE
    due_after: Duration = _THIRTY_DAYS
    progressive_billing: bool = True
    end_proration: EndProration = EndProration.BILL_ACTUAL_PERIOD
    default_tax_config: Mapping[str, object] | None = None
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    tax_enabled: bool = True
    tax_enforced: bool = False
    anchored: Anchored | None = None
    conventions: Conventions = OPENMETER
    late_usage: LateUsage = LateUsage.BILL


@dataclass(frozen=True, slots=True)
class Party:
    """A side of an invoice, as it was when the invoice was made."""

    id: str | None = None
    key: str | None = None
    name: str | None = None
    tax_code: str | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """What a caller decides about a profile."""

    name: str
    supplier: Party
    workflow: Workflow
    is_default: bool
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with its one app, which invoices, taxes and collects payments; the app never changes."""

    id: str
    spec: ProfileSpec
    app_id: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
