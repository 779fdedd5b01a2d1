from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.balances import EntitlementBalance
from meterhouse.entitlements.burn_down import Balance
from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType
from meterhouse.entitlements.evaluation import COUNTING, digest, due_after, snapshot
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.standing import Hold, Metered, Settled, Standing
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter

T0 = datetime(2024, 1, 1, tzinfo=UTC)
AT = T0 + timedelta(days=3)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
RESET = datetime(2024, 2, 1, tzinfo=UTC)
METER = new_meter("01M", MeterSpec("calls", Aggregation.COUNT, "call", "Calls"), T0)
ALLOWANCE = Allowance(UsagePeriods(Cadence.parse("P1M"), T0, T0))
ENTITLEMENT = Entitlement("01E", "01C", "01F", "calls", EntitlementType.METERED, T0, T0, T0, allowance=ALLOWANCE)
GRANT = Grant("01G", "01E", Decimal(100), T0, T0, T0)


def standing(*grants: Grant, holds: Any = (), settled: Any = (), **changes: Any) -> Standing:
    metered = Metered(METER, {}, ("acme",), grants, "", 0, AT, holds=holds, settled=settled)
    return Standing(replace(ENTITLEMENT, **changes), metered)


def hold(expires_at: datetime) -> Hold:
    return Hold("01R", Decimal(1), AT, expires_at)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (standing(GRANT), RESET),
        (standing(replace(GRANT, effective_at=AT + HOUR)), AT + HOUR),
        (standing(replace(GRANT, expires_at=AT + HOUR)), AT + HOUR),
        (standing(replace(GRANT, expires_at=AT - HOUR)), RESET),
        (standing(replace(GRANT, voided_at=AT + HOUR)), AT + HOUR),
        (standing(replace(GRANT, recurrence=Recurrence(Cadence.parse("P1W"), T0))), T0 + timedelta(days=7)),
        (standing(holds=[hold(AT + SECOND), hold(AT + HOUR)]), AT + SECOND),
        (standing(holds=[hold(AT)]), RESET),
        (standing(settled=[Settled("01R", Decimal(1), AT - HOUR)]), AT + COUNTING),
        (standing(active_to=AT + HOUR), AT + HOUR),
        (standing(active_to=AT), None),
        (standing(active_from=AT + HOUR), AT + HOUR),
        (Standing(replace(ENTITLEMENT, type=EntitlementType.BOOLEAN, allowance=None)), None),
    ],
)
def test_an_entitlement_is_due_when_it_changes_by_itself_next(what: Standing, expected: datetime | None) -> None:
    assert due_after(what, AT) == expected


def test_a_change_within_the_minute_is_in_the_balance_already() -> None:
    at = AT + HOUR - SECOND

    assert due_after(standing(replace(GRANT, expires_at=AT + HOUR)), at) == RESET
    assert due_after(standing(active_to=AT + HOUR), at) == AT + HOUR


def told(**changes: Any) -> str:
    left = replace(Balance(AT, T0, {"01G": Decimal("40.0")}, usage=Decimal(60), granted_usage=Decimal(60)), **changes)
    return digest(snapshot(EntitlementBalance(ENTITLEMENT, AT, left), ()))


def test_equal_balances_tell_the_same_however_their_numbers_are_written() -> None:
    assert told() == told(balances={"01G": Decimal("4E+1")}, at=AT + HOUR)
    assert told() != told(balances={"01G": Decimal(41)})
    assert told() != told(overage=Decimal(1))
