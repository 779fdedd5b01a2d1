"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.portal import (
    credit_api,
    document_api,
    entitlement_api,
    invoice_api,
    session_api,
    subscription_api,
    token_api,
    usage_api,
)


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [
        token_api.token_routes(unused),
        session_api.session_routes(unused),
        usage_api.portal_usage_routes(unused),
        entitlement_api.portal_entitlement_routes(unused),
        subscription_api.portal_subscription_routes(unused),
        invoice_api.portal_invoice_routes(unused, unused),
        document_api.portal_document_routes(unused),
        credit_api.portal_credit_routes(unused),
    ]
