"""What apps know of customers, as the contract writes it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from meterhouse.billing.app_schema import CustomInvoicingAppWire, SandboxAppWire, StripeAppWire, app_to_wire
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.payments.customer_data import (
    CustomInvoicingCustomer,
    Facts,
    SandboxCustomer,
    ShownData,
    StripeCustomer,
    Wanted,
)
from meterhouse.platform.wire import Metadata, Ulid, Wire

StripeId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
_ReadOnly = dict[str, Any] | None
"""What an answer had may be sent again; it decides nothing."""


class StripeCustomerBase(Wire):
    stripe_customer_id: StripeId
    stripe_default_payment_method_id: StripeId | None = None


class StripeCustomerItem(StripeCustomerBase):
    type: Literal["stripe"]
    id: Ulid | None = None
    app: _ReadOnly = None


class SandboxCustomerItem(Wire):
    type: Literal["sandbox"]
    id: Ulid | None = None
    app: _ReadOnly = None


class CustomInvoicingCustomerItem(Wire):
    type: Literal["custom_invoicing"]
    id: Ulid | None = None
    metadata: Metadata | None = None
    app: _ReadOnly = None


CustomerItem = Annotated[
    StripeCustomerItem | SandboxCustomerItem | CustomInvoicingCustomerItem, Field(discriminator="type")
]


class StripeCustomerWire(StripeCustomerBase):
    type: Literal["stripe"] = "stripe"
    id: Ulid
    app: StripeAppWire


class SandboxCustomerWire(Wire):
    type: Literal["sandbox"] = "sandbox"
    id: Ulid
    app: SandboxAppWire


class CustomInvoicingCustomerWire(Wire):
    type: Literal["custom_invoicing"] = "custom_invoicing"
    id: Ulid
    metadata: Metadata | None = None
    app: CustomInvoicingAppWire


CustomerDataWire = Annotated[
    StripeCustomerWire | SandboxCustomerWire | CustomInvoicingCustomerWire, Field(discriminator="type")
]


def wanted_from_wire(
    wire: Sequence[StripeCustomerItem | SandboxCustomerItem | CustomInvoicingCustomerItem],
) -> list[Wanted]:
    return [Wanted(_facts(item), item.id, f"/{number}") for number, item in enumerate(wire)]


def stripe_from_wire(wire: StripeCustomerBase) -> StripeCustomer:
    return StripeCustomer(wire.stripe_customer_id, wire.stripe_default_payment_method_id)


def data_to_wire(shown: ShownData) -> StripeCustomerWire | SandboxCustomerWire | CustomInvoicingCustomerWire:
    app, facts = app_to_wire(shown.app), shown.data.facts
    match facts, app:
        case StripeCustomer(), StripeAppWire():
            return _stripe(facts, app)
        case CustomInvoicingCustomer(), CustomInvoicingAppWire():
            return CustomInvoicingCustomerWire(id=app.id, metadata=dict(facts.metadata) or None, app=app)
        case SandboxCustomer(), SandboxAppWire():
            return SandboxCustomerWire(id=app.id, app=app)
        case _:
            raise InvariantBroken(f"app {app.id} of type {app.type} knows what another type knows")


def stripe_to_wire(shown: ShownData) -> StripeCustomerWire:
    wire = data_to_wire(shown)
    if not isinstance(wire, StripeCustomerWire):
        raise InvariantBroken(f"app {shown.app.id} is not Stripe's")
    return wire


def _stripe(facts: StripeCustomer, app: StripeAppWire) -> StripeCustomerWire:
    return StripeCustomerWire(
        id=app.id,
        stripe_customer_id=facts.stripe_customer_id,
        stripe_default_payment_method_id=facts.payment_method_id,
        app=app,
    )


def _facts(wire: StripeCustomerItem | SandboxCustomerItem | CustomInvoicingCustomerItem) -> Facts:
    match wire:
        case StripeCustomerItem():
            return stripe_from_wire(wire)
        case CustomInvoicingCustomerItem():
            return CustomInvoicingCustomer(wire.metadata or {})
        case SandboxCustomerItem():
            return SandboxCustomer()
