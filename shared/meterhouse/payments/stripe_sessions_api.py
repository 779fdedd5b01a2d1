"""Pages at Stripe, and a Stripe app's key, over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from meterhouse.payments.apps import AppService
from meterhouse.payments.schema import ApiKey
from meterhouse.payments.stripe_sessions import StripeSessions
from meterhouse.payments.stripe_sessions_schema import (
    CheckoutRequest,
    CheckoutResult,
    PortalRequest,
    PortalSession,
    checkout_to_wire,
    portal_from_wire,
    portal_to_wire,
    wish_from_wire,
)
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Wire


class StripeApiKeyInput(Wire):
    secret_api_key: Annotated[ApiKey, Field(alias="secretAPIKey", repr=False)]


def stripe_session_routes(sessions: StripeSessions, apps: AppService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        "/api/v1/stripe/checkout/sessions",
        operation_id="createStripeCheckoutSession",
        tags=["Apps"],
        summary="Make a page where a customer leaves a payment method",
    )
    def checkout(body: Annotated[CheckoutRequest, Body()]) -> tuple[CheckoutResult, int]:
        return checkout_to_wire(sessions.checkout(namespace(), wish_from_wire(body))), HTTPStatus.CREATED

    @router.post(
        "/api/v1/customers/<customer_id_or_key>/stripe/portal",
        operation_id="createCustomerStripePortalSession",
        tags=["Customers"],
        summary="Make a page where a customer manages what Stripe has",
    )
    def portal(customer_id_or_key: str, body: Annotated[PortalRequest, Body()]) -> tuple[PortalSession, int]:
        made = sessions.portal(namespace(), customer_id_or_key, portal_from_wire(body))
        return portal_to_wire(made), HTTPStatus.CREATED

    @router.put(
        "/api/v1/apps/<id>/stripe/api-key",
        operation_id="updateStripeAPIKey",
        tags=["Apps"],
        summary="Put a Stripe app's key in place of the old one",
    )
    def key(id: str, body: Annotated[StripeApiKeyInput, Body()]) -> Response[None]:  # noqa: A002 - the contract's name
        apps.replace_key(namespace(), id, body.secret_api_key)
        return Response(HTTPStatus.NO_CONTENT)

    return router
