"""The worked examples of subscriptions in `worked_subscriptions.json`: lines of the target, and what they come to."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meterhouse.billing.collection import rated
from meterhouse.billing.profile import Workflow
from meterhouse.billing.reconcile import reconcile
from meterhouse.billing.rests import Known
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Moment
from meterhouse.subscriptions.patching import patched
from meterhouse.subscriptions.target import TargetLine, target_lines
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import at, card, fee, period, phase, subscription

_FILE = Path(__file__).with_name("worked_subscriptions.json")
EXAMPLES: dict[str, Any] = {example["id"]: example for example in json.loads(_FILE.read_text())}


def amounts(agreed: Subscription, as_of: str) -> list[Decimal]:
    """What its lines come to, in order of time."""
    lines = reconcile([agreed], [], Known(), at(as_of), NOW).added
    in_order = sorted(lines, key=lambda line: line.service_period.start)
    return [rated(line, Decimal(1), Workflow(), NOW).totals.total for line in in_order]


def edited(agreed: Subscription, when: str, amount: str) -> Subscription:
    moment = Moment(at(when), at(when), KnownFeatures())
    return patched(agreed, [AddItem("default", fee(amount=amount))], moment)


def targets(agreed: Subscription, horizon: str) -> list[TargetLine]:
    return target_lines(agreed, at(horizon))


def of_phases(*cards: Any, cadence: str = "P1D") -> Subscription:
    """Subscribed on 1 January 2021 to `cards` for two days, and to nothing that is charged afterwards."""
    phases = [phase("only", "P2D", *cards), phase("rest", None, card("free", None))]
    return subscription("2021-01-01", phases=phases, cadence=cadence)


def test_pr_10_what_is_canceled_is_charged_for_its_actual_period() -> None:
    wanted = EXAMPLES["PR-10"]
    agreed = subscription("2024-01-01", [fee(amount="9", cadence="P3M")], end="2024-02-01", cadence="P3M")
    assert amounts(agreed, "2024-02-01") == [Decimal(wanted["expected"]["amount"])]


def test_pr_12_a_partial_first_month_is_charged_by_its_share() -> None:
    wanted = EXAMPLES["PR-12"]
    agreed = subscription(wanted["inputs"]["start"], [fee(amount="20")], anchor="2024-01-01")
    first, following, *_ = amounts(agreed, "2024-02-01")
    assert (first, following) == (Decimal(wanted["expected"]["first_amount"]), wanted["expected"]["next_amount"])


def test_pr_14_an_edit_splits_the_period_into_exact_shares() -> None:
    wanted = EXAMPLES["PR-14"]["expected"]
    agreed = edited(subscription("2024-01-01", [fee(amount="10")]), "2024-01-02", "20")
    found = amounts(agreed, "2024-01-31")
    assert found == [*map(Decimal, wanted["lines"]), Decimal(wanted["next"])]


def test_pr_16_a_share_that_rounds_to_nothing_has_no_line() -> None:
    assert EXAMPLES["PR-16"]["expected"]["old_line"] == "absent"
    agreed = edited(subscription("2024-01-01", [fee(amount="5")]), "2024-01-01T00:00:40Z", "7")
    (line, *_) = targets(agreed, "2024-01-15")
    assert line.key.endswith("/fee/v[1]/period[0]")
    late = replace(agreed, active_to=at("2024-01-01T00:00:20Z"))
    assert [line.is_terminal for line in targets(late, "2024-01-15")] == [True], (
        "billed in full where a profile says so"
    )


def test_pr_18_what_is_free_has_no_line() -> None:
    assert (
        len(targets(subscription("2024-01-01", [fee(amount="0")]), "2024-03-01"))
        == EXAMPLES["PR-18"]["expected"]["lines"]
    )


def test_pi_01_a_phase_has_its_whole_periods() -> None:
    found = targets(of_phases(replace(metered(), billing_cadence=fee(cadence="P1D").billing_cadence)), "2021-02-01")
    assert len(found) == EXAMPLES["PI-01"]["expected"]["periods"]


def test_pi_03_what_is_charged_in_advance_goes_one_period_further() -> None:
    agreed = subscription("2021-01-01", [fee(cadence="P1D")], cadence="P1D")
    assert len(targets(agreed, "2021-01-03")) == EXAMPLES["PI-03"]["expected"]["periods"]


def test_pi_05_what_is_charged_once_is_billed_with_the_first_billing_period() -> None:
    expected = EXAMPLES["PI-05"]["expected"]
    (line,) = targets(subscription("2021-01-01", [fee(cadence=None)]), "2021-06-01")
    assert line.billing_period == period(*expected["billing"])
    # OpenMeter's service period is empty; ours is never, and says for which billing period the fee was due
    assert line.service_period == Period(at(expected["service"][0]), line.billing_period.end)


def test_pi_07_a_cancelation_cuts_the_service_period_and_not_what_it_is_a_part_of() -> None:
    expected = EXAMPLES["PI-07"]["expected"]
    agreed = subscription("2021-01-01", [fee()], end=EXAMPLES["PI-07"]["inputs"]["cancel"])
    (line,) = targets(agreed, "2021-06-01")
    assert line.service_period == period(*expected["service"])
    assert line.full_service_period.end == at(expected["full_to"])
    assert line.billing_period.end == at(expected["billing_to"])


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_has_a_test(example: str) -> None:
    assert any(name.startswith(f"test_{example.lower().replace('-', '_')}_") for name in globals())
