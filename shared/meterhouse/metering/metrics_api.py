"""Debug metrics over HTTP."""

from http import HTTPStatus
from typing import cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from meterhouse.metering.metrics import ShowMetrics
from meterhouse.platform.http import namespace_of

_OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_KINDS = ("text/plain", "application/openmetrics-text")
_DESCRIBED: OpenAPIResponse = {
    "description": "In the text format of Prometheus, or of OpenMetrics for who asks for it",
    "content": {kind: {"schema": {"type": "string"}} for kind in _KINDS},
}


def metrics_routes(show: ShowMetrics) -> Router:
    router = Router()

    @router.get(
        "/api/v1/debug/metrics",
        operation_id="getDebugMetrics",
        tags=["Debug"],
        summary="Get event metrics",
        responses={200: _DESCRIBED},
    )
    def get() -> str:
        event = router.current_event
        accepted = (event.headers.get("accept") or "").lower()
        kind = _OPEN_METRICS if "application/openmetrics-text" in accepted else _TEXT
        # the resolver passes a ready response on as it is
        return cast("str", Response(HTTPStatus.OK, kind, show(namespace_of(event.raw_event))))

    return router
