"""Values and histories of entitlements on the wire, to the contract's first and second version."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from meterhouse.entitlements.check_access import Access
from meterhouse.entitlements.history import History, Window
from meterhouse.entitlements.segment import Segment
from meterhouse.platform.wire import JsonNumber, PeriodWire, Ulid, Wire


class EntitlementValue(Wire):
    """Numbers of a metered entitlement that is active; `balance` is what is left and not reserved."""

    has_access: bool
    balance: JsonNumber | None = None
    usage: JsonNumber | None = None
    overage: JsonNumber | None = None
    total_available_grant_amount: JsonNumber | None = None
    config: str | None = None


class EntitlementValueV2(EntitlementValue):
    """`reserved` is ours: what open reservations keep back; absent where there are none."""

    grant_balances: dict[str, JsonNumber] | None = None
    reserved: JsonNumber | None = None


class CustomerAccess(Wire):
    entitlements: dict[str, EntitlementValue] = Field(description="By feature key")


class BalanceHistoryWindow(Wire):
    period: PeriodWire
    usage: JsonNumber
    balance_at_start: JsonNumber


class GrantUsageRecord(Wire):
    grant_id: Ulid
    usage: JsonNumber


class GrantBurnDownHistorySegment(Wire):
    period: PeriodWire
    usage: JsonNumber
    overage: JsonNumber
    balance_at_start: JsonNumber
    grant_balances_at_start: dict[str, JsonNumber]
    balance_at_end: JsonNumber
    grant_balances_at_end: dict[str, JsonNumber]
    grant_usages: list[GrantUsageRecord]


class WindowedBalanceHistory(Wire):
    windowed_history: list[BalanceHistoryWindow]
    burndown_history: list[GrantBurnDownHistorySegment]


def value_wire(access: Access | None) -> EntitlementValue:
    """None: there is no entitlement, which gives no access."""
    if access is None:
        return EntitlementValue(has_access=False)
    return EntitlementValue(has_access=access.has_access, **_numbers(access), config=_config(access))


def value_wire_v2(access: Access) -> EntitlementValueV2:
    given = access.balance
    balance = None if given is None else given.balance
    return EntitlementValueV2(
        has_access=access.has_access,
        **_numbers(access),
        config=_config(access),
        grant_balances=None if balance is None else dict(balance.balances),
        reserved=given.reserved if given is not None and given.reserved else None,
    )


def access_wire(accesses: Mapping[str, Access]) -> CustomerAccess:
    return CustomerAccess(entitlements={key: value_wire(access) for key, access in accesses.items()})


def history_wire(history: History) -> WindowedBalanceHistory:
    return WindowedBalanceHistory(
        windowed_history=[_window(window) for window in history.windows],
        burndown_history=[_segment(segment) for segment in history.segments],
    )


def _numbers(access: Access) -> dict[str, Decimal]:
    if access.balance is None or access.balance.balance is None:
        return {}
    balance = access.balance.balance
    return {
        "balance": access.balance.available,
        "usage": balance.usage,
        "overage": balance.overage,
        "total_available_grant_amount": balance.total_available,
    }


def _config(access: Access) -> str | None:
    return access.entitlement.config if access.has_access and access.entitlement is not None else None


def _window(window: Window) -> BalanceHistoryWindow:
    period = PeriodWire.model_validate({"from": window.period.start, "to": window.period.end})
    return BalanceHistoryWindow(period=period, usage=window.usage, balance_at_start=window.balance_at_start)


def _segment(segment: Segment) -> GrantBurnDownHistorySegment:
    return GrantBurnDownHistorySegment(
        period=PeriodWire.model_validate({"from": segment.start, "to": segment.end}),
        usage=segment.usage,
        overage=segment.overage,
        balance_at_start=segment.balance_at_start,
        grant_balances_at_start=dict(segment.balances_at_start),
        balance_at_end=segment.balance_at_end,
        grant_balances_at_end=dict(segment.balances_at_end),
        grant_usages=[GrantUsageRecord(grant_id=grant_id, usage=usage) for grant_id, usage in segment.grant_usages],
    )
