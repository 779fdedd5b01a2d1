"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.billing import api, backtest_api, document_api, explain_api, preview_api


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [
        *api.routes(unused, unused, unused, unused, unused, unused, unused, unused, unused),
        explain_api.explain_routes(unused, unused, unused),
        document_api.document_routes(unused),
        backtest_api.backtest_routes(unused, unused),
        preview_api.preview_routes(unused),
    ]
