"""What features cost, over HTTP, to the contract's third version."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from meterhouse.kernel.errors import InvalidInput
from meterhouse.llmcost.cost_schema import CostQueryRequest, FeatureCostQueryResult, cost_result, named_here
from meterhouse.llmcost.query_cost import QueryCost
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Ulid


def cost_routes(query: QueryCost) -> Router:
    router = Router()

    @router.post(
        "/api/v3/openmeter/features/<feature_id>/cost/query",
        operation_id="queryFeatureCost",
        tags=["LLM cost"],
        summary="Tell what a feature's usage cost",
    )
    def costs(feature_id: Annotated[Ulid, Path()], body: Annotated[CostQueryRequest, Body()]) -> FeatureCostQueryResult:
        try:
            return cost_result(body, query(namespace_of(router.current_event.raw_event), feature_id, body.asked()))
        except InvalidInput as fault:
            raise named_here(fault) from fault

    return router
