"""A change of the catalog as a whole, tried over HTTP without keeping it."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from meterhouse.catalog.change_steps import Cast
from meterhouse.catalog.rehearse import rehearse
from meterhouse.catalog.rehearse_schema import CatalogChange, CatalogRehearsal
from meterhouse.catalog.schema import validation_errors
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.http import namespace_of
from meterhouse.platform.work import Begin

_MOST = 1000


def rehearse_routes(begin: Begin[object], cast: Cast) -> Router:
    router = Router()

    @router.post(
        "/api/v1/catalog/rehearsal",
        operation_id="rehearseCatalogChange",
        tags=["Product Catalog"],
        summary="Tell what would keep a change of the catalog from being made; nothing is changed",
    )
    def try_out(body: Annotated[CatalogChange, Body()]) -> CatalogRehearsal:
        if body.size > _MOST:
            message = (
                f"{body.size} things are changed at once, at most {_MOST} may be: nobody else changes any meanwhile"
            )
            raise InvalidInput(message, [Problem("", "change_too_large", message)])
        problems = rehearse(begin, namespace_of(router.current_event.raw_event), cast.steps(body))
        return CatalogRehearsal(validation_errors=validation_errors(problems) or [])

    return router
