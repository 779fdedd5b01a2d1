"""Parties, workflows and billing profiles as the contract writes them."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.billing.alignment_schema import (
    AlignmentWire,
    WithSubscriptions,
    alignment_to_wire,
    anchored_from_wire,
)
from meterhouse.billing.app_schema import AppsWire, apps_to_wire
from meterhouse.billing.conventions_schema import ConventionsWire, conventions_from_wire, conventions_to_wire
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.profile import CollectionMethod, EndProration, LateUsage, Party, Profile, ProfileSpec, Workflow
from meterhouse.billing.profiles import AppChoice
from meterhouse.catalog.schema import TaxConfig
from meterhouse.customers.model import Address
from meterhouse.customers.schema import AddressWire
from meterhouse.kernel.duration import Duration
from meterhouse.platform.wire import Description, ExternalKey, Flag, Metadata, Name, Resource, Ulid, Wire


def _delay(value: object) -> Duration:
    if isinstance(value, Duration):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "must be a string holding an ISO 8601 duration")
    try:
        return Duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


Delay = Annotated[
    Duration,
    PlainValidator(_delay),
    PlainSerializer(lambda delay: delay.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "example": "PT1H"}),
]
DEFAULTS = Workflow()


class ProfileExpand(StrEnum):
    APPS = "apps"


class TaxIdentity(Wire):
    code: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None


class PartyInput(Wire):
    key: ExternalKey | None = None
    name: str | None = None
    tax_id: TaxIdentity | None = None
    addresses: Annotated[list[AddressWire], Field(max_length=1)] | None = None


class PartyWire(PartyInput):
    id: str | None = None


class CollectionSettings(Wire):
    alignment: AlignmentWire = WithSubscriptions()
    interval: Delay = DEFAULTS.collection_interval


class InvoicingSettings(Wire):
    auto_advance: Flag = True
    draft_period: Delay = DEFAULTS.draft_period
    due_after: Delay = DEFAULTS.due_after
    progressive_billing: Flag = True
    subscription_end_proration_mode: EndProration = EndProration.BILL_ACTUAL_PERIOD
    default_tax_config: TaxConfig | None = None
    conventions: ConventionsWire | None = None
    late_usage: LateUsage | None = None


class PaymentSettings(Wire):
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY


class TaxSettings(Wire):
    enabled: Flag = True
    enforced: Flag = False


class WorkflowWire(Wire):
    collection: CollectionSettings = CollectionSettings()
    invoicing: InvoicingSettings = InvoicingSettings()
    payment: PaymentSettings = PaymentSettings()
    tax: TaxSettings = TaxSettings()


class AppsCreate(Wire):
    tax: Ulid
    invoicing: Ulid
    payment: Ulid


class ProfileUpdate(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    supplier: PartyWire
    default: Flag
    workflow: WorkflowWire


class ProfileCreate(ProfileUpdate):
    apps: AppsCreate


class ProfileWire(Resource):
    name: str
    description: str | None = None
    metadata: Metadata | None = None
    supplier: PartyWire
    workflow: WorkflowWire
    apps: AppsWire
    default: bool


def spec_from_wire(wire: ProfileUpdate) -> ProfileSpec:
    return ProfileSpec(
        name=wire.name,
        description=wire.description,
        metadata=wire.metadata or {},
        supplier=party_from_wire(wire.supplier),
        workflow=_workflow_from_wire(wire.workflow),
        is_default=wire.default,
    )


def apps_from_wire(wire: AppsCreate) -> AppChoice:
    return AppChoice(tax=wire.tax, invoicing=wire.invoicing, payment=wire.payment)


def profile_to_wire(profile: Profile, app: InstalledApp | None = None) -> ProfileWire:
    """The profile, with its app where that is to be shown."""
    spec = profile.spec
    return ProfileWire(
        id=profile.id,
        name=spec.name,
        description=spec.description,
        metadata=dict(spec.metadata) or None,
        supplier=party_to_wire(spec.supplier),
        workflow=workflow_to_wire(spec.workflow),
        apps=apps_to_wire(profile.app_id, app),
        default=spec.is_default,
        created_at=profile.created_at,
        updated_at=profile.updated_at,
        deleted_at=profile.deleted_at,
    )


def party_to_wire(party: Party) -> PartyWire:
    return PartyWire(**party_fields(party))


def party_fields(party: Party) -> dict[str, Any]:
    """The fields of the contract's BillingParty, by our names."""
    address = party.address
    return {
        "id": party.id,
        "key": party.key,
        "name": party.name,
        "tax_id": None if party.tax_code is None else TaxIdentity(code=party.tax_code),
        "addresses": None if address is None else [AddressWire(**{n: getattr(address, n) for n in Address.__slots__})],
    }


def workflow_to_wire(workflow: Workflow) -> WorkflowWire:
    tax_config = workflow.default_tax_config
    return WorkflowWire(
        collection=CollectionSettings(
            alignment=alignment_to_wire(workflow.anchored), interval=workflow.collection_interval
        ),
        invoicing=InvoicingSettings(
            auto_advance=workflow.auto_advance,
            draft_period=workflow.draft_period,
            due_after=workflow.due_after,
            progressive_billing=workflow.progressive_billing,
            subscription_end_proration_mode=workflow.end_proration,
            default_tax_config=None if tax_config is None else TaxConfig.model_validate(tax_config),
            conventions=conventions_to_wire(workflow.conventions),
            late_usage=None if workflow.late_usage is LateUsage.BILL else workflow.late_usage,
        ),
        payment=PaymentSettings(collection_method=workflow.collection_method),
        tax=TaxSettings(enabled=workflow.tax_enabled, enforced=workflow.tax_enforced),
    )


def _workflow_from_wire(wire: WorkflowWire) -> Workflow:
    tax_config = wire.invoicing.default_tax_config
    return Workflow(
        collection_interval=wire.collection.interval,
        anchored=anchored_from_wire(wire.collection.alignment),
        auto_advance=wire.invoicing.auto_advance,
        draft_period=wire.invoicing.draft_period,
        due_after=wire.invoicing.due_after,
        progressive_billing=wire.invoicing.progressive_billing,
        end_proration=wire.invoicing.subscription_end_proration_mode,
        default_tax_config=None if tax_config is None else tax_config.model_dump(mode="json", by_alias=True),
        collection_method=wire.payment.collection_method,
        tax_enabled=wire.tax.enabled,
        tax_enforced=wire.tax.enforced,
        conventions=conventions_from_wire(wire.invoicing.conventions),
        late_usage=wire.invoicing.late_usage or LateUsage.BILL,
    )


def party_from_wire(wire: PartyInput) -> Party:
    address = wire.addresses[0] if wire.addresses else None
    return Party(
        key=wire.key,
        name=wire.name,
        tax_code=None if wire.tax_id is None else wire.tax_id.code,
        address=None if address is None else Address(**{name: getattr(address, name) for name in Address.__slots__}),
    )
