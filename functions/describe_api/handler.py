"""The OpenAPI document of everything served, for clients and generators; open to all."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.billing import all_routes as billing
from meterhouse.catalog import all_routes as catalog
from meterhouse.customers import all_routes as customers
from meterhouse.entitlements import all_routes as entitlements
from meterhouse.ledger import api as ledger
from meterhouse.llmcost import api as llmcost
from meterhouse.metering import all_routes as metering
from meterhouse.metering import ingest_openapi
from meterhouse.notifications import api as notifications
from meterhouse.payments import api as payments
from meterhouse.payments import stripe_events_api
from meterhouse.platform import audit_api, keys_api
from meterhouse.platform.calls import told
from meterhouse.platform.logging import logger
from meterhouse.platform.openapi import Handmade, document
from meterhouse.portal import all_routes as portal
from meterhouse.subscriptions import all_routes as subscriptions

ABOUT = {"title": "Meterhouse", "version": "1.0.0", "description": "Usage metering and billing"}
UNUSED: Any = None  # in the place of each service: the document is made of the routes' signatures, none is called


@cache
def openapi() -> str:
    return json.dumps(
        document(
            *customers.all_routes(UNUSED),
            *catalog.all_routes(UNUSED),
            *metering.all_routes(UNUSED),
            *entitlements.all_routes(UNUSED),
            *subscriptions.all_routes(UNUSED),
            *llmcost.routes(UNUSED, UNUSED, UNUSED, UNUSED),
            *ledger.routes(UNUSED),
            *billing.all_routes(UNUSED),
            *payments.routes(UNUSED, UNUSED, UNUSED, UNUSED, UNUSED),
            *notifications.routes(UNUSED, UNUSED, UNUSED, UNUSED),
            stripe_events_api.stripe_event_routes(UNUSED),
            *portal.all_routes(UNUSED),
            keys_api.key_routes(UNUSED, UNUSED),
            audit_api.audit_routes(UNUSED),
            handmade=Handmade(ingest_openapi.PATHS, ingest_openapi.SCHEMAS),
            **ABOUT,
        )
    )


@logger.inject_lambda_context(clear_state=True)
@told
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.info("described", extra={"function": context.function_name})
    headers = {"content-type": "application/json", "cache-control": "public, max-age=300"}
    return {"statusCode": 200, "headers": headers, "body": openapi(), "isBase64Encoded": False}
