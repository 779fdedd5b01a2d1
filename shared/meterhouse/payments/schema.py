"""Installing and changing apps, as the contract writes it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from meterhouse.billing.app_listing import Capability
from meterhouse.billing.app_schema import AppWire, app_to_wire
from meterhouse.billing.installed_app import AppType, CustomInvoicingConfig
from meterhouse.payments.apps import AppChange
from meterhouse.payments.install_app import Installed, Wish
from meterhouse.platform.wire import Description, Flag, Metadata, Name, Wire

ApiKey = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[\x21-\x7e]+$")]
"""What a header can carry."""


class InstallRequest(Wire):
    name: Name | None = None
    create_billing_profile: Flag = True


class ApiKeyInstallRequest(InstallRequest):
    api_key: Annotated[ApiKey, Field(repr=False)]


class InstallResponse(Wire):
    app: AppWire
    default_for_capability_types: list[Capability]


class SandboxAppUpdate(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    type: Literal["sandbox"]


class StripeAppUpdate(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    type: Literal["stripe"]
    secret_api_key: Annotated[ApiKey | None, Field(alias="secretAPIKey", repr=False)] = None


class CustomInvoicingAppUpdate(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    type: Literal["custom_invoicing"]
    enable_draft_sync_hook: Flag
    enable_issuing_sync_hook: Flag


AppUpdate = Annotated[SandboxAppUpdate | StripeAppUpdate | CustomInvoicingAppUpdate, Field(discriminator="type")]


def wish_from_wire(wire: InstallRequest) -> Wish:
    return Wish(wire.name, has_profile=wire.create_billing_profile)


def installed_to_wire(installed: Installed) -> InstallResponse:
    return InstallResponse(app=app_to_wire(installed.app), default_for_capability_types=list(installed.default_for))


def change_from_wire(wire: SandboxAppUpdate | StripeAppUpdate | CustomInvoicingAppUpdate) -> AppChange:
    config, api_key = None, None
    if isinstance(wire, CustomInvoicingAppUpdate):
        config = CustomInvoicingConfig(wire.enable_draft_sync_hook, wire.enable_issuing_sync_hook)
    elif isinstance(wire, StripeAppUpdate):
        api_key = wire.secret_api_key
    return AppChange(AppType(wire.type), wire.name, wire.description, wire.metadata, config, api_key)
