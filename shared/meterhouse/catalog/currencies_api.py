"""The currencies that prices may be in, over HTTP."""

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import Field

from meterhouse.kernel.currency import currencies
from meterhouse.kernel.currency_names import currency_name, currency_symbol
from meterhouse.platform.wire import CurrencyCode, Wire


class Currency(Wire):
    """`subunits` is the number of digits after the point."""

    code: CurrencyCode
    name: str
    symbol: str
    subunits: int = Field(ge=0)


def currency_routes() -> Router:
    router = Router()

    @router.get("/api/v1/info/currencies", operation_id="listCurrencies", tags=["Lookup"], summary="List currencies")
    def list_all() -> list[Currency]:
        return [
            Currency(code=one.code, name=currency_name(one), symbol=currency_symbol(one), subunits=one.exponent)
            for one in currencies()
        ]

    return router
