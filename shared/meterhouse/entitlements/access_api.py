"""Values, access and histories over HTTP, to the contract's first and second version."""

from http import HTTPStatus
from typing import Annotated, TypeVar, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from meterhouse.entitlements.access_schema import (
    CustomerAccess,
    EntitlementValue,
    EntitlementValueV2,
    WindowedBalanceHistory,
    access_wire,
    history_wire,
    value_wire,
    value_wire_v2,
)
from meterhouse.entitlements.check_access import Access, CheckAccess
from meterhouse.entitlements.customer_api import CustomerIdOrKey, EntitlementIdOrFeatureKey
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.show_history import HistoryAsked, ShowHistory
from meterhouse.kernel.errors import NotFound
from meterhouse.metering.usage import WindowSize
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, Key

T = TypeVar("T")
FAIL_OPEN_HEADER = "x-meterhouse-fail-open"
_TAGS = ["Entitlements"]
_CUSTOMER = "/api/v1/customers/<customer_id_or_key>"
_V2 = "/api/v2/customers/<customer_id_or_key>/entitlements/<entitlement_id_or_feature_key>"
_SUBJECT = "/api/v1/subjects/<subject_id_or_key>/entitlements"
Time = Annotated[Instant | None, Query(description="Now where it is not given")]
FailOpen = Annotated[
    bool,
    Query(alias="failOpen", description="Give access where a store does not answer; a header tells when it was so"),
]
From = Annotated[Instant | None, Query(alias="from")]
To = Annotated[Instant | None, Query()]
Window = Annotated[WindowSize, Query(alias="windowSize")]
Zone = Annotated[str, Query(alias="windowTimeZone")]


def access_routes(check: CheckAccess) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        f"{_V2}/value",
        operation_id="getCustomerEntitlementValueV2",
        tags=_TAGS,
        summary="Tell what an entitlement gives",
    )
    def value_v2(
        customer_id_or_key: CustomerIdOrKey,
        entitlement_id_or_feature_key: EntitlementIdOrFeatureKey,
        time: Time = None,
        fail_open: FailOpen = False,
    ) -> EntitlementValueV2:
        holder = Holder(customer_id_or_key)
        access = check.value(namespace(), holder, entitlement_id_or_feature_key, time, fail_open=fail_open)
        if access is None:
            raise NotFound("entitlement", entitlement_id_or_feature_key)
        return told(value_wire_v2(access), failed_open=access.failed_open)

    @router.get(
        f"{_CUSTOMER}/entitlements/<feature_key>/value",
        operation_id="getCustomerEntitlementValue",
        tags=_TAGS,
        summary="Tell what a customer may use of a feature",
    )
    def value(
        customer_id_or_key: CustomerIdOrKey,
        feature_key: Annotated[Key, Path()],
        time: Time = None,
        fail_open: FailOpen = False,
    ) -> EntitlementValue:
        access = check.value(namespace(), Holder(customer_id_or_key), feature_key, time, fail_open=fail_open)
        return told(value_wire(access), failed_open=access is not None and access.failed_open)

    @router.get(
        f"{_CUSTOMER}/access",
        operation_id="getCustomerAccess",
        tags=["Customers"],
        summary="Tell all that a customer may use",
    )
    def access_of_customer(customer_id_or_key: CustomerIdOrKey, fail_open: FailOpen = False) -> CustomerAccess:
        found = check.of_customer(namespace(), Holder(customer_id_or_key), fail_open=fail_open)
        return told(access_wire(found or {}), failed_open=found is None or any_failed_open(*found.values()))

    return router


def subject_value_routes(check: CheckAccess) -> Router:
    router = Router()

    @router.get(
        f"{_SUBJECT}/<entitlement_id_or_feature_key>/value",
        operation_id="getEntitlementValue",
        tags=_TAGS,
        summary="Tell what a subject's entitlement gives",
        deprecated=True,
    )
    def value_of_subject(
        subject_id_or_key: str,
        entitlement_id_or_feature_key: str,
        time: Time = None,
        fail_open: FailOpen = False,
    ) -> EntitlementValue:
        holder = Holder(subject_id_or_key, is_subject=True)
        access = check.value(
            namespace_of(router.current_event.raw_event),
            holder,
            entitlement_id_or_feature_key,
            time,
            fail_open=fail_open,
        )
        if access is None:
            raise NotFound("entitlement", entitlement_id_or_feature_key)
        return told(value_wire(access), failed_open=access.failed_open)

    return router


def history_routes(show: ShowHistory) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        f"{_V2}/history",
        operation_id="getCustomerEntitlementHistoryV2",
        tags=_TAGS,
        summary="Tell what became of an entitlement's balance",
    )
    def history_v2(
        customer_id_or_key: CustomerIdOrKey,
        entitlement_id_or_feature_key: EntitlementIdOrFeatureKey,
        window_size: Window,
        from_: From = None,
        to: To = None,
        window_time_zone: Zone = "UTC",
    ) -> WindowedBalanceHistory:
        asked = HistoryAsked(window_size, from_, to, window_time_zone)
        return history_wire(show(namespace(), Holder(customer_id_or_key), entitlement_id_or_feature_key, asked))

    @router.get(
        f"{_SUBJECT}/<entitlement_id>/history",
        operation_id="getEntitlementHistory",
        tags=_TAGS,
        summary="Tell what became of a subject's balance",
        deprecated=True,
    )
    def history_of_subject(
        subject_id_or_key: str,
        entitlement_id: str,
        window_size: Window,
        from_: From = None,
        to: To = None,
        window_time_zone: Zone = "UTC",
    ) -> WindowedBalanceHistory:
        holder = Holder(subject_id_or_key, is_subject=True)
        asked = HistoryAsked(window_size, from_, to, window_time_zone)
        return history_wire(show(namespace(), holder, entitlement_id, asked))

    return router


def any_failed_open(*accesses: Access) -> bool:
    return any(access.failed_open for access in accesses)


def told(answer: T, *, failed_open: bool) -> T:
    """The answer, under a header where it was given without the stores' word."""
    if not failed_open:
        return answer
    headers = {FAIL_OPEN_HEADER: "true"}
    # the resolver reads a ready response's body as it reads a plain one
    return cast("T", Response(HTTPStatus.OK, "application/json", answer, headers))
