"""Balances of credit over HTTP, to the contract's third version."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.ledger.balance_schema import BillingCreditBalances, balances_wire
from meterhouse.ledger.filter_query import (
    FEATURE,
    FeatureEq,
    FeatureExists,
    FeatureIs,
    FeatureOneOf,
    scope_of,
)
from meterhouse.ledger.grant_api import CREDITS, CustomerId
from meterhouse.ledger.management import Credits
from meterhouse.platform.http import namespace_of
from meterhouse.platform.query_openapi import query_parameters
from meterhouse.platform.text_filter import ANY_TEXT, EXACT, text_filter_parameter, text_filters
from meterhouse.platform.wire import Instant

_TAGS = ["Credits"]
_CURRENCY = "currency"


def balance_routes(credits_: Credits) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        f"{CREDITS}/balance",
        operation_id="getCustomerCreditBalance",
        tags=_TAGS,
        summary="Tell what credit there is",
        openapi_extensions=query_parameters(text_filter_parameter(_CURRENCY, EXACT)),
    )
    def balance(
        customer_id: CustomerId,
        timestamp: Annotated[Instant | None, Query()] = None,
        feature: FeatureIs = None,
        feature_eq: FeatureEq = None,
        feature_one_of: FeatureOneOf = None,
        feature_exists: FeatureExists = None,
    ) -> BillingCreditBalances:
        query = router.current_event.resolved_query_string_parameters
        currency = text_filters(query, [_CURRENCY], EXACT, FEATURE).get(_CURRENCY, ANY_TEXT)
        scope = scope_of(feature, feature_eq, feature_one_of, feature_exists)
        told = credits_.reads.balances(namespace(), customer_id, scope, timestamp)
        return balances_wire(told.of_currencies(currency.admits))

    return router
