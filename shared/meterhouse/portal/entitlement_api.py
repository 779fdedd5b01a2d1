"""What a customer may use and how it burnt down, over HTTP; amounts are decimals in text."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from meterhouse.entitlements.check_access import Access
from meterhouse.entitlements.entitlement import Entitlement, EntitlementType
from meterhouse.entitlements.history import Window
from meterhouse.entitlements.show_history import HistoryAsked
from meterhouse.kernel.period import Period
from meterhouse.metering.usage import WindowSize
from meterhouse.platform.wire import Instant, Key, Numeric, PeriodWire, Wire
from meterhouse.portal.caller import caller_of
from meterhouse.portal.show_entitlements import ShowEntitlements

_ALL = "/api/v1/portal/entitlements"
_TAGS = ["Portal"]


class PortalEntitlement(Wire):
    """Amounts of a metered one that could be measured; `total` is what its grants gave in the period."""

    feature_key: str
    type: EntitlementType
    has_access: bool
    is_soft_limit: bool | None = None
    config: str | None = None
    period: PeriodWire | None = None
    balance: Numeric | None = None
    usage: Numeric | None = None
    overage: Numeric | None = None
    total: Numeric | None = None


class PortalEntitlements(Wire):
    items: list[PortalEntitlement]


class BurnDownWindow(Wire):
    period: PeriodWire
    usage: Numeric
    balance_at_start: Numeric


class BurnDown(Wire):
    items: list[BurnDownWindow]


def portal_entitlement_routes(show: ShowEntitlements) -> Router:
    router = Router()

    @router.get(
        _ALL, operation_id="listPortalEntitlements", tags=_TAGS, summary="Tell what the customer may use and has left"
    )
    def all_of_them() -> PortalEntitlements:
        caller = caller_of(router.current_event.raw_event)
        return PortalEntitlements(items=[_entitlement(one, access) for one, access in show(caller)])

    @router.get(
        f"{_ALL}/<feature_key>/history",
        operation_id="getPortalEntitlementHistory",
        tags=_TAGS,
        summary="Tell how a balance burnt down",
    )
    def burn_down(
        feature_key: Annotated[Key, Path()],
        window_size: Annotated[Literal[WindowSize.HOUR, WindowSize.DAY], Query(alias="windowSize")] = WindowSize.DAY,
        from_: Annotated[Instant | None, Query(alias="from")] = None,
        to: Annotated[Instant | None, Query()] = None,
    ) -> BurnDown:
        caller = caller_of(router.current_event.raw_event)
        asked = HistoryAsked(window_size, from_, to)
        told = show.burn_down(caller, feature_key, asked)
        return BurnDown(items=[_window(window) for window in told.windows])

    return router


def _entitlement(entitlement: Entitlement, access: Access) -> PortalEntitlement:
    allowance, given = entitlement.allowance, access.balance
    balance = None if given is None else given.balance
    periods = entitlement.periods
    return PortalEntitlement(
        feature_key=entitlement.feature_key,
        type=entitlement.type,
        has_access=access.has_access,
        is_soft_limit=None if allowance is None else allowance.is_soft_limit,
        config=entitlement.config,
        period=None if given is None or periods is None else _period(periods.at(given.at)),
        balance=None if given is None or balance is None else given.available,
        usage=None if balance is None else balance.usage,
        overage=None if balance is None else balance.overage,
        total=None if balance is None else balance.total_available,
    )


def _window(window: Window) -> BurnDownWindow:
    return BurnDownWindow(period=_period(window.period), usage=window.usage, balance_at_start=window.balance_at_start)


def _period(period: Period) -> PeriodWire:
    return PeriodWire.model_validate({"from": period.start, "to": period.end})
