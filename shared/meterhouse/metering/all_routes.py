"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.metering import (
    api,
    conservation_api,
    dead_letters_api,
    events_api,
    metrics_api,
    progress_api,
    trace_api,
    usage_api,
)


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [
        api.routes(unused),
        usage_api.usage_routes(unused),
        events_api.events_routes(unused),
        metrics_api.metrics_routes(unused),
        progress_api.progress_routes(unused),
        conservation_api.conservation_routes(unused, unused, unused),
        dead_letters_api.dead_letter_routes(unused),
        trace_api.trace_routes(unused),
    ]
