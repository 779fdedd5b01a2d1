"""Customer overrides as the contract writes them."""

from enum import StrEnum

from meterhouse.billing.app_schema import AppsWire, apps_to_wire
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.override import BilledBy, CustomerOverride
from meterhouse.billing.schema import PartyWire, WorkflowWire, party_to_wire, workflow_to_wire
from meterhouse.customers.schema import CustomerWire, customer_wire
from meterhouse.customers.service import ShownCustomer
from meterhouse.platform.wire import Instant, Ulid, Wire


class OverrideExpand(StrEnum):
    APPS = "apps"
    CUSTOMER = "customer"


class OverrideCreate(Wire):
    billing_profile_id: Ulid | None = None


class OverrideWire(Wire):
    created_at: Instant
    updated_at: Instant
    billing_profile_id: Ulid | None = None
    customer_id: Ulid


class CustomerProfileWire(Wire):
    supplier: PartyWire
    workflow: WorkflowWire
    apps: AppsWire


class OverrideWithDetails(Wire):
    customer_override: OverrideWire | None = None
    base_billing_profile_id: Ulid
    customer_profile: CustomerProfileWire
    customer: CustomerWire | None = None


def override_to_wire(
    billed: BilledBy, expand: frozenset[OverrideExpand] = frozenset(), app: InstalledApp | None = None
) -> OverrideWithDetails:
    override, profile = billed.override, billed.profile
    return OverrideWithDetails(
        customer_override=None if override is None else _override(override),
        base_billing_profile_id=profile.id,
        customer_profile=CustomerProfileWire(
            supplier=party_to_wire(profile.spec.supplier),
            workflow=workflow_to_wire(profile.spec.workflow),
            apps=apps_to_wire(profile.app_id, app),
        ),
        customer=customer_wire(ShownCustomer(billed.customer)) if OverrideExpand.CUSTOMER in expand else None,
    )


def _override(override: CustomerOverride) -> OverrideWire:
    return OverrideWire(
        created_at=override.created_at,
        updated_at=override.updated_at,
        billing_profile_id=override.profile_id,
        customer_id=override.customer_id,
    )
