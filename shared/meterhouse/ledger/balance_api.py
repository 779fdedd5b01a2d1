"""Balances of credit over HTTP, to the contract's third version."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.ledger.balance_schema import BillingCreditBalances, balances_wire
from meterhouse.ledger.filter_query import (
    FEATURE,
    CurrencyEq,
    FeatureEq,
    FeatureExists,
    FeatureIs,
    scope_of,
)
from meterhouse.ledger.grant_api import CREDITS, CustomerId
from meterhouse.ledger.management import Credits
from meterhouse.platform.http import namespace_of
from meterhouse.platform.text_filter import refuse_other_filters
from meterhouse.platform.wire import Instant, Text

_TAGS = ["Credits"]
_CURRENCY = "filter[currency]"


def balance_routes(credits_: Credits) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        f"{CREDITS}/balance", operation_id="getCustomerCreditBalance", tags=_TAGS, summary="Tell what credit there is"
    )
    def balance(
        customer_id: CustomerId,
        timestamp: Annotated[Instant | None, Query()] = None,
        currency: CurrencyEq = None,
        currency_eq: Annotated[Text, Query(alias=f"{_CURRENCY}[eq]")] = None,
        currency_neq: Annotated[Text, Query(alias=f"{_CURRENCY}[neq]")] = None,
        feature: FeatureIs = None,
        feature_eq: FeatureEq = None,
        feature_exists: FeatureExists = None,
    ) -> BillingCreditBalances:
        known = {_CURRENCY, f"{_CURRENCY}[eq]", f"{_CURRENCY}[neq]", *FEATURE}
        refuse_other_filters(router.current_event.resolved_query_string_parameters, known)
        scope = scope_of(feature, feature_eq, feature_exists)
        told = credits_.reads.balances(namespace(), customer_id, scope, timestamp)
        wanted = {one for one in (currency, currency_eq) if one is not None}
        return balances_wire(told.of_currencies(lambda code: wanted <= {code} and code != currency_neq))

    return router
