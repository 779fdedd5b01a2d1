"""The worked examples. Where we deliberately do otherwise, what we do is asserted, and why is said."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from meterhouse.entitlements.burn_down import BurnDown, Segment
from meterhouse.kernel.instant import format_rfc3339
from tests.unit.entitlements.worked_examples import examples

EXAMPLES = examples()
COMPLETE = [case.id for case in EXAMPLES.values() if case.is_complete]

# CE-19: the usage of a gauge is the value it has; OpenMeter adds up the last values of its phases, 15 + 10, which at
# no time were in use together. What grants bear and what is left is the same.
OURS = {"CE-19": {"period_usage": 10, "total_grant_usage": 10, "total_grant_usage_plus_balance": 175}}

DETAILS: Mapping[str, Callable[[Segment], Any]] = {
    "usage": lambda segment: segment.usage,
    "balance_at_start": lambda segment: segment.balance_at_start,
    "balance_at_end": lambda segment: segment.balance_at_end,
    "terminated_by": lambda segment: ", ".join(segment.ended_by),
    "kind": lambda segment: "rollover" if segment.is_rollover else "burn down",
    "zero_length_at": lambda segment: format_rfc3339(segment.end) if segment.is_rollover else None,
}
SHOWN: Mapping[str, Callable[[BurnDown], Any]] = {
    "balances": lambda run: run.balance.balances,
    "overage": lambda run: run.balance.overage,
    "segments": lambda run: len(run.segments),
    "segment_usage": lambda run: [segment.usage for segment in run.segments],
    "total_balance": lambda run: run.balance.remaining,
    "period_usage": lambda run: run.balance.usage,
    "total_grant_usage": lambda run: run.balance.granted_usage,
    "total_grant_usage_plus_balance": lambda run: run.balance.total_available,
    "total_available": lambda run: run.balance.total_available,
    "usage_since_reset": lambda run: run.balance.usage,
    "usage_since": lambda run: format_rfc3339(run.balance.period_start),
}


@pytest.mark.parametrize("id_", COMPLETE)
def test_an_example_of_the_engine_comes_to_what_it_says(id_: str) -> None:
    case = EXAMPLES[id_]
    expected = {**case.expected, **OURS.get(id_, {})}
    details = expected.pop("segments_detail", [])

    run = case.run()

    # a grant that is not active is not named, and nothing is left of it
    shown = {name: SHOWN[name](run) for name in expected}
    if "balances" in expected:
        shown["balances"] = {id_: run.balance.balances.get(id_, 0) for id_ in expected["balances"]}
    assert shown == expected
    assert [
        {name: DETAILS[name](segment) for name in detail}
        for segment, detail in zip(run.segments, details, strict=False)
    ] == details
