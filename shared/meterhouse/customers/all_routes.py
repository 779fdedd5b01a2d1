"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.customers import api, erasure_api


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [*api.routes(unused, unused), erasure_api.erasure_routes(unused)]
