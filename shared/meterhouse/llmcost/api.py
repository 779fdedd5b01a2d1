"""Costs of language models over HTTP."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.llmcost.cost_api import cost_routes
from meterhouse.llmcost.manage_prices import ManagePrices
from meterhouse.llmcost.price_api import override_routes, price_routes
from meterhouse.llmcost.query_cost import QueryCost
from meterhouse.llmcost.report_api import report_routes
from meterhouse.llmcost.report_margins import ReportMargins
from meterhouse.llmcost.unknown_models import ListUnknownModels


def routes(
    prices: ManagePrices, costs: QueryCost, margins: ReportMargins, unknown_models: ListUnknownModels
) -> list[Router]:
    return [price_routes(prices), override_routes(prices), cost_routes(costs), report_routes(margins, unknown_models)]
