"""Stripe's events over HTTP: open to all, believed by their signature."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.payments.stripe_events import ReceiveStripeEvent
from meterhouse.platform.wire import Wire


class StripeWebhookResponse(Wire):
    namespace_id: str
    app_id: str
    customer_id: str | None = None
    message: str | None = None


def stripe_event_routes(receive: ReceiveStripeEvent) -> Router:
    router = Router()

    @router.post(
        "/api/v1/apps/<id>/stripe/webhook",
        operation_id="appStripeWebhook",
        tags=["Apps"],
        summary="Take an event of Stripe's, which its signature vouches for",
    )
    def take(id: str) -> StripeWebhookResponse:  # noqa: A002 - the contract's name of the parameter
        event = router.current_event
        signature = event.headers.get("stripe-signature")
        try:
            payload = event.decoded_body or ""
        except ValueError as error:
            raise InvalidInput("the event cannot be read", [Problem("", "json_invalid", str(error))]) from error
        received = receive(id, payload, signature)
        return StripeWebhookResponse(
            namespace_id=received.namespace,
            app_id=received.app_id,
            customer_id=received.customer_id,
            message=received.message,
        )

    return router
