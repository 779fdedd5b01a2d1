"""Credit over HTTP."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.ledger.balance_api import balance_routes
from meterhouse.ledger.grant_api import grant_routes
from meterhouse.ledger.management import Credits


def routes(credits_: Credits) -> list[Router]:
    return [grant_routes(credits_), balance_routes(credits_)]
