"""Which threshold is told of, by the worked examples."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.notifications.rule import Threshold, ThresholdType
from meterhouse.notifications.thresholds import Measured, Side, Told, active, next_told, repeated

_CASES = json.loads(Path(__file__).with_name("worked_examples.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def of_area(area: str) -> list[Any]:
    found = [pytest.param(case["inputs"], case["expected"], id=case["id"]) for case in _CASES if case["area"] == area]
    assert found
    return found


def thresholds(documents: list[list[Any]]) -> list[Threshold]:
    return [Threshold(ThresholdType(kind), Decimal(value)) for kind, value in documents]


def measured(given: Mapping[str, Any], start: datetime = NOW) -> Measured:
    available = given["total_available_grant_amount"] if "total" not in given else given["total"]
    return Measured(
        entitlement_id="e",
        feature_key="f",
        at=start,
        period_start=start,
        remaining=Decimal(given["balance"]),
        usage=Decimal(given["usage"]),
        overage=Decimal(given.get("overage") or 0),
        total_available=Decimal(available),
    )


def test_no_example_is_left_out() -> None:
    assert {case["area"] for case in _CASES} == {
        "notification_threshold",
        "notification_threshold_errors",
        "notification_flow",
    }


@pytest.mark.parametrize(("given", "expected"), of_area("notification_threshold"))
def test_the_most_advanced_threshold_of_each_side_is_active(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = active(thresholds(given["thresholds"]), measured(given))

    told = {side: [one.type.value, int(one.value)] for side, one in found.items()}
    assert told.get(Side.USAGE) == expected["active_usage_threshold"]
    assert told.get(Side.BALANCE) == expected["active_balance_threshold"]


@pytest.mark.parametrize(("given", "expected"), of_area("notification_threshold_errors"))
def test_what_cannot_be_is_refused(given: dict[str, Any], expected: dict[str, Any]) -> None:
    with pytest.raises(InvariantBroken, match=expected["error"].partition(" ")[0]):
        active([], measured(given))


@pytest.mark.parametrize(("given", "expected"), of_area("notification_flow"))
def test_another_threshold_is_news_and_the_same_one_is_not(given: dict[str, Any], expected: dict[str, Any]) -> None:
    start, last, fired, counts = NOW, None, list[str](), list[int]()
    for snapshot in given["snapshots"]:
        start += timedelta(days=30) if snapshot.get("after_reset") else timedelta()
        for one in active(thresholds(given["rule"]), measured(snapshot, start)).values():
            told = next_told(last, one, start)
            if told is not None:
                last = told
                fired.append(f"{one.type.value} {one.value}")
        counts.append(len(fired))

    assert counts == expected["events_after_each"]
    assert fired == expected["fired"]


@pytest.mark.parametrize(
    ("balance", "value", "is_active"), [("0", "0", True), ("0.01", "0", False), ("9.99", "10", True)]
)
def test_of_balances_only_that_of_nothing_is_reached_by_touching_it(
    balance: str, value: str, *, is_active: bool
) -> None:
    given = {"balance": balance, "usage": 1, "total": 100}

    assert bool(active(thresholds([["balance_value", value]]), measured(given))) == is_active


def test_where_nothing_was_granted_nothing_is_told() -> None:
    every = thresholds([["usage_value", 1], ["usage_percentage", 1], ["balance_value", 0]])

    assert active(every, measured({"balance": 0, "usage": 5, "overage": 5, "total": 0})) == {}


def test_a_balance_of_an_earlier_period_tells_nothing() -> None:
    [half] = thresholds([["PERCENT", 50]])

    assert next_told(Told(NOW, half, 1), thresholds([["NUMBER", 7]])[0], NOW - timedelta(days=30)) is None


def test_older_names_of_a_threshold_repeat_the_newer_ones() -> None:
    every = [["PERCENT", 50], ["NUMBER", 50], ["usage_percentage", 50], ["balance_value", 50], ["usage_value", 51]]

    assert repeated(thresholds(every)) == [2]
