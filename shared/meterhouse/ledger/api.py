"""Credit over HTTP."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.ledger.balance_api import balance_routes
from meterhouse.ledger.grant_api import change_routes, grant_routes
from meterhouse.ledger.management import Credits
from meterhouse.ledger.top_up_api import top_up_routes
from meterhouse.ledger.transactions_api import transaction_routes

_ROUTES = (grant_routes, change_routes, balance_routes, transaction_routes, top_up_routes)


def routes(credits_: Credits) -> list[Router]:
    return [make(credits_) for make in _ROUTES]
