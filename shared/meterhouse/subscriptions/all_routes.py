"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.subscriptions import addon_api, api, change_api, of_plan_api


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [
        api.routes(unused),
        change_api.change_routes(unused),
        addon_api.addon_routes(unused),
        of_plan_api.of_plan_routes(unused),
    ]
