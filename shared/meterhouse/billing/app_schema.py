"""Apps and what is listed of them, as the contract writes them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from meterhouse.billing.app_listing import LISTINGS, Capability, InstallMethod, Listing
from meterhouse.billing.installed_app import AppStatus, AppType, CustomInvoicingConfig, InstalledApp, StripeConfig
from meterhouse.platform.wire import Metadata, Resource, Ulid, Wire


class AppReference(Wire):
    id: Ulid


class AppCapability(Wire):
    type: Capability
    key: str
    name: str
    description: str


class ListingWire(Wire):
    type: AppType
    name: str
    description: str
    capabilities: list[AppCapability]
    install_methods: list[InstallMethod]


class AppBase(Resource):
    name: str
    description: str | None = None
    metadata: Metadata | None = None
    listing: ListingWire
    status: AppStatus


class SandboxAppWire(AppBase):
    type: Literal["sandbox"] = "sandbox"


class StripeAppWire(AppBase):
    type: Literal["stripe"] = "stripe"
    stripe_account_id: str
    livemode: bool
    masked_api_key: Annotated[str, Field(alias="maskedAPIKey")]


class CustomInvoicingAppWire(AppBase):
    type: Literal["custom_invoicing"] = "custom_invoicing"
    enable_draft_sync_hook: bool
    enable_issuing_sync_hook: bool


AppWire = Annotated[SandboxAppWire | StripeAppWire | CustomInvoicingAppWire, Field(discriminator="type")]


class AppsWire(Wire):
    """The apps of a profile's three tasks, or their ids alone."""

    tax: AppReference | SandboxAppWire | StripeAppWire | CustomInvoicingAppWire
    invoicing: AppReference | SandboxAppWire | StripeAppWire | CustomInvoicingAppWire
    payment: AppReference | SandboxAppWire | StripeAppWire | CustomInvoicingAppWire


def listing_to_wire(listing: Listing) -> ListingWire:
    skills = [
        AppCapability(type=skill.capability, key=skill.key, name=skill.name, description=skill.description)
        for skill in listing.skills
    ]
    return ListingWire(
        type=listing.type,
        name=listing.name,
        description=listing.description,
        capabilities=skills,
        install_methods=list(listing.install_methods),
    )


def app_to_wire(app: InstalledApp) -> SandboxAppWire | StripeAppWire | CustomInvoicingAppWire:
    base: dict[str, Any] = {
        "id": app.id,
        "name": app.name,
        "description": app.description,
        "metadata": dict(app.metadata) or None,
        "listing": listing_to_wire(LISTINGS[app.type]),
        "status": app.status,
        "created_at": app.created_at,
        "updated_at": app.updated_at,
        "deleted_at": app.deleted_at,
    }
    match app.config:
        case StripeConfig(account_id, livemode, masked_api_key):
            return StripeAppWire(**base, stripe_account_id=account_id, livemode=livemode, masked_api_key=masked_api_key)
        case CustomInvoicingConfig(awaits_draft, awaits_issuing):
            return CustomInvoicingAppWire(
                **base, enable_draft_sync_hook=awaits_draft, enable_issuing_sync_hook=awaits_issuing
            )
        case None:
            return SandboxAppWire(**base)


def apps_to_wire(app_id: str, app: InstalledApp | None) -> AppsWire:
    """One app in all three tasks; its id alone where it is not to be shown."""
    shown = AppReference(id=app_id) if app is None else app_to_wire(app)
    return AppsWire(tax=shown, invoicing=shown, payment=shown)
