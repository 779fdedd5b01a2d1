"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.entitlements import access_api, api, entitlement_access_api, reservation_api


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [
        *api.management_routes(unused),
        access_api.access_routes(unused),
        access_api.subject_value_routes(unused),
        access_api.history_routes(unused),
        entitlement_access_api.entitlement_access_routes(unused),
        reservation_api.reservation_routes(unused),
    ]
