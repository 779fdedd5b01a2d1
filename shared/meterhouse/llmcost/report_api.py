"""Margins and models without a price over HTTP; ours, beside the contract."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.llmcost.margin import By
from meterhouse.llmcost.report_margins import ReportMargins
from meterhouse.llmcost.report_schema import MarginReport, UnknownModels, margin_row, unknown_model_wire
from meterhouse.llmcost.unknown_models import ListUnknownModels
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant

_TAGS = ["LLM cost"]
From = Annotated[Instant, Query(alias="from")]
To = Annotated[Instant, Query()]


def report_routes(margins: ReportMargins, unknown_models: ListUnknownModels) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        "/api/v1/margins",
        operation_id="reportMargins",
        tags=_TAGS,
        summary="Tell what was invoiced, what its usage cost, and what is left",
    )
    def report(
        from_: From, to: To, group_by: Annotated[list[By] | None, Query(alias="groupBy", max_length=2)] = None
    ) -> MarginReport:
        rows = margins(namespace(), from_, to, group_by or (By.CUSTOMER,))
        return MarginReport(items=[margin_row(one) for one in rows])

    @router.get(
        "/api/v1/llm-cost/unknown-models",
        operation_id="listUnknownModels",
        tags=_TAGS,
        summary="List the models that were used without a price",
    )
    def unknown(from_: From, to: To) -> UnknownModels:
        return UnknownModels(items=[unknown_model_wire(one) for one in unknown_models(namespace(), from_, to)])

    return router
