"""A backtest of what was changed after its invoice: the old side is what was charged, nothing twice."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.plan import Plan, SettlementMode
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Moment
from meterhouse.subscriptions.patching import patched
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_custom_currencies import Mint, grant, mint
from tests.integration.billing.test_edits import edit_of
from tests.integration.billing.test_fees_in_units import fee_in_units
from tests.integration.billing.test_manual_lines import fee as fee_by_hand
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import NOW
from tests.unit.subscriptions.samples import at, fee, phase, spec

__all__ = ["mint"]
SOLD = spec(phase("default", None, fee(amount="30")))
FIRST, EDITED, SECOND = at("2024-04-01T02:00:00Z"), at("2024-04-16"), at("2024-04-16T01:00:00Z")
AS_OF = "2024-05-01T00:00:00Z"


@pytest.fixture
def backtested(run: Run) -> Backtested:
    return Backtested(run)


@pytest.fixture
def plan(backtested: Backtested) -> Plan:
    return backtested.plan(SOLD)


@pytest.fixture
def invoiced(run: Run, backtested: Backtested, plan: Plan) -> Subscription:
    """30 a month in advance, invoiced on 1 April."""
    made = backtested.subscribe(run.customer("ann"), plan, "2024-04-01")
    run.all(FIRST)
    return made


def edited(run: Run, before: Subscription, amount: str) -> None:
    moment = Moment(EDITED, EDITED, KnownFeatures())
    run.change(patched(before, [AddItem("default", fee(amount=amount))], moment))


def compared(backtested: Backtested, plan: Plan, periods: int = 1) -> dict[str, Any]:
    [row] = backtested.done(plan, periods=periods, asOf=AS_OF)["customers"]["items"]
    return row  # type: ignore[no-any-return] # JSON


def old_of(backtested: Backtested, plan: Plan) -> str:
    return str(Decimal(compared(backtested, plan)["old"]))


def test_a_lower_price_is_not_charged_on_top_of_what_was_paid(
    run: Run, backtested: Backtested, plan: Plan, invoiced: Subscription
) -> None:
    edited(run, invoiced, "10")
    assert old_of(backtested, plan) == "30.00"


@pytest.mark.parametrize("steps", range(4))
def test_a_higher_price_counts_by_its_difference_asked_for_pending_on_a_draft_and_issued(
    run: Run, backtested: Backtested, plan: Plan, invoiced: Subscription, steps: int
) -> None:
    edited(run, invoiced, "50")
    for step in (run.sync, run.collect, run.advance)[:steps]:
        step(SECOND)
    assert old_of(backtested, plan) == "40.00"
    assert sum(one.totals.total for one in run.invoices("issued", "paid")) == (40 if steps == 3 else 30)


@pytest.mark.parametrize("steps", range(4))
def test_what_was_paid_for_a_part_of_what_follows_is_taken_off_that_part(
    run: Run, backtested: Backtested, plan: Plan, steps: int
) -> None:
    made = backtested.subscribe(run.customer("bob"), plan, "2024-04-01", active_to=at("2024-04-21"))
    run.all(FIRST)
    edited(run, replace(made, active_to=None), "50")
    for step in (run.sync, run.collect, run.advance)[:steps]:
        step(SECOND)
    # 20 up to the 21st, 20 more a month from the 16th to the 21st, 50 a month for the rest
    assert old_of(backtested, plan) == "40.00"


def test_what_a_draft_charges_for_too_long_counts_as_it_stands_there(
    run: Run, backtested: Backtested, plan: Plan
) -> None:
    made = backtested.subscribe(run.customer("bob"), plan, "2024-04-01")
    run.sync(FIRST)
    run.collect(FIRST)
    edited(run, made, "50")
    assert old_of(backtested, plan) == "40.00"


def test_a_period_paid_in_part_by_the_plan_before_is_not_compared_alone(
    run: Run, backtested: Backtested, invoiced: Subscription
) -> None:
    other = backtested.plan(spec(phase("default", None, fee(amount="50"))), key="other")
    run.change(replace(invoiced, active_to=EDITED))
    backtested.subscribe(
        invoiced.customer_id, other, "2024-04-16", billing_anchor=at("2024-04-01"), previous_id=invoiced.id
    )
    run.all(SECOND)

    assert compared(backtested, other)["reason"]["code"] == "charged_as_difference"
    whole = compared(backtested, other, periods=2)
    # 30 for April and the difference of 10, against 50 for both halves
    assert (whole["old"], whole["new"]) == ("40.00", "50.00")


@pytest.mark.parametrize("way", ["taken_off", "deleted", "discarded"])
def test_what_is_never_billed_counts_as_nothing(
    run: Run, backtested: Backtested, plan: Plan, api: Api, way: str
) -> None:
    run.now = FIRST
    backtested.subscribe(run.customer("bob", metadata={TARGET_STATUS: "failed"}), plan, "2024-04-01")
    for step in (run.sync, run.collect):
        step(FIRST)
    [draft] = run.invoices()
    invoice = f"{INVOICES}/{draft.id}"
    if way == "taken_off":
        api.ok("PUT", invoice, edit_of(api.ok("GET", invoice), fee_by_hand()))
    elif way == "deleted":
        api.ok("DELETE", invoice)
    else:
        run.advance(FIRST)
        api.ok("POST", f"{invoice}/void", DISCARD)
    run.now = NOW
    assert Decimal(old_of(backtested, plan)) == 0


def test_what_was_voided_to_be_billed_again_counts_as_it_will_be_charged(
    run: Run, backtested: Backtested, plan: Plan, api: Api
) -> None:
    backtested.subscribe(run.customer("bob", metadata={TARGET_STATUS: "failed"}), plan, "2024-04-01")
    run.all(FIRST)
    [first] = run.invoices()
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert old_of(backtested, plan) == "30.00"


def test_what_a_credit_note_gave_back_was_not_paid(
    run: Run, backtested: Backtested, plan: Plan, invoiced: Subscription
) -> None:
    edited(run, invoiced, "10")
    run.all(SECOND)
    assert old_of(backtested, plan) == "20.00"


@pytest.mark.parametrize("grants", [(), (12,), (12, 100)])
def test_what_went_back_of_a_fee_in_units_was_not_paid_whoever_bore_them(
    run: Run, backtested: Backtested, purse: Purse, mint: Mint, grants: tuple[int, ...]
) -> None:
    mint.worth("0.0333")
    plan = backtested.plan(spec(phase("default", None, fee_in_units())))
    made = backtested.subscribe(run.customer("bob"), plan, "2024-04-01")
    for amount in grants:
        grant(purse, made.customer_id, amount)
    run.all(FIRST)
    moment = Moment(EDITED, EDITED, KnownFeatures(), worth={("CREDITS", "USD")})
    run.change(patched(made, [AddItem("default", fee_in_units("10"))], moment))
    run.all(SECOND)
    row = compared(backtested, plan)
    # of 30 units 10 went back
    assert (row["old"], row["new"]) == ("0.67", "1.00")


def test_what_went_back_to_credit_that_settles_alone_was_not_paid(
    run: Run, backtested: Backtested, purse: Purse, plan: Plan
) -> None:
    alone = SettlementMode.CREDIT_ONLY
    made = backtested.subscribe(run.customer("bob"), plan, "2024-04-01", settlement_mode=alone)
    purse.grant(made.customer_id, 40)
    run.all(FIRST)
    edited(run, made, "10")
    run.all(SECOND)
    assert old_of(backtested, plan) == "20.00"
