"""A meter's usage, as the contract's portal query tells it: of the token's subject or customer, whatever is asked."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from meterhouse.metering.usage import WindowSize
from meterhouse.metering.usage_api import GROUP_BY_FILTERS, USAGE, From, To, names_of, usage_answer, usage_request
from meterhouse.metering.usage_schema import MOST_NAMES, ClientId, MeterQueryResult
from meterhouse.platform.wire import Key
from meterhouse.portal.caller import caller_of
from meterhouse.portal.query_portal_meter import QueryPortalMeter


def portal_usage_routes(query: QueryPortalMeter) -> Router:
    router = Router()

    @router.get(
        "/api/v1/portal/meters/<meter_slug>/query",
        operation_id="queryPortalMeter",
        tags=["Portal"],
        summary="Query meter",
        responses=USAGE,
        openapi_extensions=GROUP_BY_FILTERS,
    )
    def get(
        meter_slug: Annotated[Key, Path()],
        client_id: Annotated[ClientId | None, Query(alias="clientId")] = None,
        from_: From = None,
        to: To = None,
        window_size: Annotated[WindowSize | None, Query(alias="windowSize")] = None,
        window_time_zone: Annotated[str, Query(alias="windowTimeZone")] = "UTC",
        filter_customer_id: Annotated[list[str] | None, Query(alias="filterCustomerId", max_length=MOST_NAMES)] = None,
        advanced: Annotated[str | None, Query(alias="advancedMeterGroupByFilters")] = None,
        group_by: Annotated[list[str] | None, Query(alias="groupBy", max_length=MOST_NAMES)] = None,
    ) -> MeterQueryResult | str:
        event = router.current_event.raw_event
        asked = {
            "clientId": client_id,
            "from": from_,
            "to": to,
            "windowSize": window_size,
            "windowTimeZone": window_time_zone,
            "groupBy": names_of(group_by),
        }
        request = usage_request(event, asked, advanced)
        rows = query(caller_of(event), meter_slug, request.asked(), filter_customer_id)
        return usage_answer(event, request, rows)

    return router
