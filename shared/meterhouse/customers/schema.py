"""Customers and subjects as the contract writes them."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from meterhouse.customers.model import Address, CustomerDetails
from meterhouse.customers.service import ShownCustomer
from meterhouse.customers.subject import Subject
from meterhouse.customers.subjects import SubjectChange
from meterhouse.platform.wire import (
    CurrencyCode,
    Description,
    ExternalKey,
    Instant,
    Metadata,
    Name,
    Resource,
    Ulid,
    Wire,
    as_utc,
)

SubjectKey = Annotated[str, StringConstraints(min_length=1, max_length=512)]
"""No longer than an index holds; the contract sets no limit."""
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


def _plain_numbers(value: object) -> object:
    """Decimals of the decoder become JSON numbers again; one no double can hold is refused."""
    if isinstance(value, dict):
        return {key: _plain_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain_numbers(part) for part in value]
    if isinstance(value, Decimal):
        number = float(value)
        if number in (float("inf"), float("-inf")):
            raise ValueError("a number is too large")
        return number
    return value


JsonObject = Annotated[dict[str, Any], BeforeValidator(_plain_numbers)]


class AddressWire(Wire):
    country: CountryCode | None = None
    postal_code: str | None = None
    state: str | None = None
    city: str | None = None
    line1: str | None = None
    line2: str | None = None
    phone_number: str | None = None


class UsageAttributionWire(Wire):
    subject_keys: Annotated[list[SubjectKey], Field(max_length=1000)]


class CustomerFields(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    key: ExternalKey | None = None
    usage_attribution: UsageAttributionWire | None = None
    primary_email: str | None = None
    currency: CurrencyCode | None = None
    billing_address: AddressWire | None = None


class CustomerCreate(CustomerFields):
    pass


class CustomerReplaceUpdate(CustomerFields):
    pass


class CustomerWire(CustomerFields, Resource):
    current_subscription_id: Ulid | None = None
    subscriptions: list[dict[str, Any]] | None = None


class SubjectFields(Wire):
    key: SubjectKey
    display_name: str | None = None
    metadata: JsonObject | None = None
    current_period_start: Instant | None = None
    current_period_end: Instant | None = None
    stripe_customer_id: str | None = None


class SubjectUpsert(SubjectFields):
    pass


class SubjectWire(SubjectFields, Resource):
    pass


def details_of(body: CustomerFields) -> CustomerDetails:
    address = body.billing_address
    return CustomerDetails(
        name=body.name,
        key=body.key,
        subject_keys=tuple(dict.fromkeys(body.usage_attribution.subject_keys)) if body.usage_attribution else (),
        description=body.description,
        metadata=body.metadata,
        primary_email=body.primary_email,
        currency=body.currency,
        billing_address=None if address is None else Address(**dict(address)),
    )


def customer_wire(shown: ShownCustomer) -> CustomerWire:
    customer, details = shown.customer, shown.customer.details
    address = details.billing_address
    return CustomerWire(
        id=customer.id,
        created_at=customer.created_at,
        updated_at=customer.updated_at,
        deleted_at=customer.deleted_at,
        name=details.name,
        key=details.key,
        usage_attribution=UsageAttributionWire(subject_keys=list(details.subject_keys)),
        description=details.description,
        metadata=None if details.metadata is None else dict(details.metadata),
        primary_email=details.primary_email,
        currency=details.currency,
        billing_address=None if address is None else AddressWire(**asdict(address)),
        current_subscription_id=shown.current_subscription_id,
        subscriptions=None if shown.subscriptions is None else [dict(one) for one in shown.subscriptions],
    )


def change_of(body: SubjectUpsert) -> SubjectChange:
    """The fields the caller named: absent ones stay, null clears."""
    named = body.model_fields_set - {"key"}
    fields = {name: getattr(body, name) for name in named}
    return SubjectChange(body.key, {name: as_utc(v) if isinstance(v, datetime) else v for name, v in fields.items()})


def subject_wire(subject: Subject) -> SubjectWire:
    return SubjectWire(**asdict(subject))
