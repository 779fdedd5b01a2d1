"""Checkout and portal sessions, as the contract writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from meterhouse.customers.schema import CustomerCreate, details_of
from meterhouse.payments.customer_app_schema import StripeId
from meterhouse.payments.stripe_sessions import Checkout, CheckoutWish
from meterhouse.platform.wire import Flag, Metadata, Ulid, Whole, Wire

if TYPE_CHECKING:
    import stripe

Text = Annotated[str, StringConstraints(max_length=1200)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=5000)]


class UiMode(StrEnum):
    EMBEDDED = "embedded"
    HOSTED = "hosted"


_UI_MODES = {UiMode.EMBEDDED: "embedded_page", UiMode.HOSTED: "hosted_page"}
"""As the pinned version of Stripe's API calls them."""


class CustomerById(Wire):
    id: Ulid


class CustomerByKey(Wire):
    key: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class CustomerUpdate(Wire):
    address: Literal["auto", "never"] | None = None
    name: Literal["auto", "never"] | None = None
    shipping: Literal["auto", "never"] | None = None


class ReuseAgreement(Wire):
    position: Literal["auto", "hidden"] | None = None


class ConsentCollection(Wire):
    payment_method_reuse_agreement: ReuseAgreement | None = None
    promotions: Literal["auto", "none"] | None = None
    terms_of_service: Literal["none", "required"] | None = None


class Message(Wire):
    message: Text | None = None


class CustomText(Wire):
    after_submit: Message | None = None
    shipping_address: Message | None = None
    submit: Message | None = None
    terms_of_service_acceptance: Message | None = None


class TaxIdCollection(Wire):
    enabled: Flag
    required: Literal["if_supported", "never"] | None = None


class CheckoutOptions(Wire):
    billing_address_collection: Literal["auto", "required"] | None = None
    cancel_url: Annotated[Address | None, Field(alias="cancelURL")] = None
    client_reference_id: Annotated[str | None, Field(alias="clientReferenceID", max_length=200)] = None
    customer_update: CustomerUpdate | None = None
    consent_collection: ConsentCollection | None = None
    currency: Annotated[str | None, StringConstraints(pattern=r"^[A-Z]{3}$")] = None
    custom_text: CustomText | None = None
    expires_at: Annotated[Whole, Field(ge=0, lt=2**40)] | None = None
    locale: Annotated[str | None, StringConstraints(max_length=16)] = None
    metadata: Metadata | None = None
    return_url: Annotated[Address | None, Field(alias="returnURL")] = None
    success_url: Annotated[Address | None, Field(alias="successURL")] = None
    ui_mode: UiMode | None = None
    payment_method_types: Annotated[list[Text] | None, Field(max_length=100)] = None
    redirect_on_completion: Literal["always", "if_required", "never"] | None = None
    tax_id_collection: TaxIdCollection | None = None


class CheckoutRequest(Wire):
    app_id: Ulid | None = None
    customer: CustomerById | CustomerByKey | CustomerCreate
    stripe_customer_id: StripeId | None = None
    options: CheckoutOptions


class CheckoutResult(Wire):
    customer_id: Ulid
    stripe_customer_id: str
    session_id: str
    setup_intent_id: str
    client_secret: str | None = None
    client_reference_id: str | None = None
    customer_email: str | None = None
    currency: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    metadata: dict[str, str] | None = None
    status: str | None = None
    url: str | None = None
    mode: Literal["setup"] = "setup"
    cancel_url: Annotated[str | None, Field(alias="cancelURL")] = None
    success_url: Annotated[str | None, Field(alias="successURL")] = None
    return_url: Annotated[str | None, Field(alias="returnURL")] = None


class PortalRequest(Wire):
    configuration_id: StripeId | None = None
    locale: Annotated[str | None, StringConstraints(max_length=16)] = None
    return_url: Address | None = None


class PortalSession(Wire):
    id: str
    stripe_customer_id: str
    configuration_id: str
    livemode: bool
    created_at: datetime
    return_url: str
    locale: str
    url: str


def wish_from_wire(wire: CheckoutRequest) -> CheckoutWish:
    match wire.customer:
        case CustomerById(id=name) | CustomerByKey(key=name):
            customer: Any = name
        case CustomerCreate():
            customer = details_of(wire.customer)
    return CheckoutWish(customer, _options(wire.options), wire.app_id, wire.stripe_customer_id)


def portal_from_wire(wire: PortalRequest) -> Mapping[str, str]:
    given = {"configuration": wire.configuration_id, "locale": wire.locale, "return_url": wire.return_url}
    return {name: value for name, value in given.items() if value is not None}


def checkout_to_wire(made: Checkout) -> CheckoutResult:
    session = made.session
    return CheckoutResult(
        customer_id=made.customer_id,
        stripe_customer_id=_id(session.customer) or "",
        session_id=session.id,
        setup_intent_id=_id(session.setup_intent) or "",
        client_secret=session.client_secret,
        client_reference_id=session.client_reference_id,
        customer_email=session.customer_email,
        currency=None if session.currency is None else session.currency.upper(),
        created_at=_instant(session.created),
        expires_at=_instant(session.expires_at),
        metadata=None if session.metadata is None else session.metadata.to_dict() or None,
        status=session.status,
        url=session.url,
        cancel_url=session.cancel_url,
        success_url=session.success_url,
        return_url=getattr(session, "return_url", None),
    )


def portal_to_wire(session: "stripe.billing_portal.Session") -> PortalSession:
    return PortalSession(
        id=session.id,
        stripe_customer_id=session.customer or "",
        configuration_id=_id(session.configuration) or "",
        livemode=session.livemode,
        created_at=_instant(session.created),
        return_url=session.return_url or "",
        locale=session.locale or "",
        url=session.url,
    )


def _options(wire: CheckoutOptions) -> Mapping[str, Any]:
    """Stripe's names are ours in snake case; what is not said stays Stripe's default."""
    given = wire.model_dump(exclude_none=True, by_alias=False)
    given.pop("ui_mode", None)
    mode = wire.ui_mode or UiMode.HOSTED
    given["ui_mode"] = _UI_MODES[mode]
    if wire.currency is not None:
        given["currency"] = wire.currency.lower()
    return given


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _id(expandable: object) -> str | None:
    return expandable if expandable is None or isinstance(expandable, str) else str(getattr(expandable, "id", ""))
