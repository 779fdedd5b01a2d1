"""All routes of the room, whichever function serves them: for the description of the API."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.catalog import api, currencies_api, custom_currency_api, rehearse_api, tax_code_api


def all_routes(unused: Any) -> list[Router]:  # noqa: ANN401 - in the place of each service, none of which is called
    return [
        *api.routes(unused, unused, unused, unused, unused, unused),
        currencies_api.currency_routes(),
        custom_currency_api.all_currency_routes(unused),
        custom_currency_api.custom_currency_routes(unused),
        tax_code_api.tax_code_routes(unused),
        tax_code_api.default_tax_code_routes(unused),
        rehearse_api.rehearse_routes(unused, unused),
    ]
