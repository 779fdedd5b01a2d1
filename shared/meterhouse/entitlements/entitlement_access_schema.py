"""Access of many customers on the wire, to the contract's third version."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from meterhouse.customers.model import Customer
from meterhouse.entitlements.check_access import Access, AccessOfMany
from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.platform.cursor import CursorMeta
from meterhouse.platform.wire import CurrencyCode, Flag, Instant, SnakeWire, Ulid

MOST_NAMES = 100
Names = Annotated[list[str], Field(min_length=1, max_length=MOST_NAMES)]


class _Named(SnakeWire):
    keys: Names


class EntitlementAccessQueryRequest(SnakeWire):
    """`include_credits`: what there is no credit for is not accessible."""

    include_credits: Flag = False
    customer: _Named
    feature: _Named | None = None


class _Address(SnakeWire):
    country: str | None = None
    postal_code: str | None = None
    state: str | None = None
    city: str | None = None
    line1: str | None = None
    line2: str | None = None
    phone_number: str | None = None


class _UsageAttribution(SnakeWire):
    subject_keys: list[str]


class BillingCustomer(SnakeWire):
    """Where nobody could look the customer up there is its `key` alone."""

    id: Ulid | None = None
    key: str
    name: str | None = None
    description: str | None = None
    labels: dict[str, str] | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    usage_attribution: _UsageAttribution | None = None
    primary_email: str | None = None
    currency: CurrencyCode | None = None
    billing_address: _Address | None = None


class AccessReason(SnakeWire):
    code: Literal["unknown", "usage_limit_reached", "feature_unavailable", "feature_not_found", "no_credit_available"]
    message: str
    attributes: dict[str, Any] | None = None


class EntitlementFeatureAccess(SnakeWire):
    has_access: bool
    reason: AccessReason | None = None


class EntitlementAccessQueryResult(SnakeWire):
    matched: list[str]
    customer: BillingCustomer
    features: dict[str, EntitlementFeatureAccess]
    updated_at: Instant


class EntitlementAccessQueryError(SnakeWire):
    code: Literal["unknown", "customer_not_found"]
    message: str
    attributes: dict[str, Any] | None = None
    customer: str | None = None


class EntitlementAccessQueryResponse(SnakeWire):
    data: list[EntitlementAccessQueryResult]
    errors: list[EntitlementAccessQueryError]
    meta: CursorMeta


class EntitlementAccessResult(SnakeWire):
    type: EntitlementType
    feature_key: str
    has_access: bool
    config: str | None = None


class ListCustomerEntitlementAccessResponseData(SnakeWire):
    data: list[EntitlementAccessResult]


def access_list_wire(accesses: Mapping[str, Access]) -> ListCustomerEntitlementAccessResponseData:
    return ListCustomerEntitlementAccessResponseData(
        data=[
            EntitlementAccessResult(
                type=access.entitlement.type,
                feature_key=key,
                has_access=access.has_access,
                config=access.entitlement.config,
            )
            for key, access in sorted(accesses.items())
            if access.entitlement is not None
        ]
    )


def results_wire(found: AccessOfMany, feature_keys: list[str] | None) -> list[EntitlementAccessQueryResult]:
    let_pass = [_let_pass(name, found, feature_keys) for name in found.failed_open]
    return let_pass + [
        EntitlementAccessQueryResult(
            matched=list(one.matched),
            customer=_customer(one.customer),
            features={
                key: _feature(key, one.features.get(key), found)
                for key in (sorted(one.features) if feature_keys is None else dict.fromkeys(feature_keys))
            },
            updated_at=found.at,
        )
        for one in found.customers
    ]


def errors_wire(found: AccessOfMany) -> list[EntitlementAccessQueryError]:
    message = "no customer has this key or subject"
    return [
        EntitlementAccessQueryError(code="customer_not_found", message=message, customer=name) for name in found.unknown
    ]


def _let_pass(name: str, found: AccessOfMany, feature_keys: list[str] | None) -> EntitlementAccessQueryResult:
    """Nobody could look the customer up, nor what it is entitled to: what was asked for by name passes."""
    features = {key: EntitlementFeatureAccess(has_access=True) for key in feature_keys or ()}
    return EntitlementAccessQueryResult(
        matched=[name], customer=BillingCustomer(key=name), features=features, updated_at=found.at
    )


def _feature(key: str, access: Access | None, found: AccessOfMany) -> EntitlementFeatureAccess:
    if access is not None and access.has_access:
        return EntitlementFeatureAccess(has_access=True)
    if access is not None and access.lacks_credit:
        reason = AccessReason(code="no_credit_available", message=f"the customer has no credit for feature {key!r}")
    elif access is not None:
        reason = AccessReason(code="usage_limit_reached", message=f"nothing is left of feature {key!r}")
    elif key in found.known_features:
        reason = AccessReason(code="feature_unavailable", message=f"the customer is not entitled to feature {key!r}")
    else:
        reason = AccessReason(code="feature_not_found", message=f"there is no feature {key!r}")
    return EntitlementFeatureAccess(has_access=False, reason=reason)


def _customer(customer: Customer) -> BillingCustomer:
    """The contract wants a key of every customer: of one without, the subject by which it is found as well."""
    details = customer.details
    address = details.billing_address
    return BillingCustomer(
        id=customer.id,
        key=next(iter(customer.usage_subjects)),
        name=customer.name,
        description=details.description,
        labels=None if details.metadata is None else dict(details.metadata),
        created_at=customer.created_at,
        updated_at=customer.updated_at,
        usage_attribution=_UsageAttribution(subject_keys=list(details.subject_keys)),
        primary_email=details.primary_email,
        currency=customer.currency,
        billing_address=None
        if address is None
        else _Address(**{name: getattr(address, name) for name in _Address.model_fields}),
    )
