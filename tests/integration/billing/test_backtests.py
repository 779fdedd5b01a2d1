"""What a backtest comes to on the real database, from the request to the last line."""

from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.catalog.price import UnitPrice
from meterhouse.kernel.errors import Unavailable
from meterhouse.rating.statement import statement_of
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.unit.billing.samples import metered, tiers
from tests.unit.subscriptions.samples import at, fee, phase, spec

AS_OF = "2024-04-01T00:00:00Z"
SOLD = spec(phase("default", None, fee(amount="20"), metered(price=tiers())))
DEARER = spec(phase("default", None, fee(amount="25"), metered(price=UnitPrice(Decimal(1)))))
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01")


@pytest.fixture
def backtested(run: Run) -> Backtested:
    return Backtested(run)


def test_the_plan_that_is_sold_reproduces_the_issued_invoices_to_the_cent(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    customers = [run.customer(name) for name in ("ann", "bob", "cid", "dan", "eve")]
    for number, customer in enumerate(customers):
        backtested.subscribe(customer, plan, f"2024-01-{1 + 7 * number:02}", billing_anchor=at("2024-01-01"))
        for month in MONTHS:
            run.used(customer, month, f"{number * 7}.25")
        run.used(customer, f"2024-01-{1 + 7 * number:02}", f"{number * 7}.25")
    for as_of in (AFTER_JANUARY, AFTER_FEBRUARY, at("2024-04-01T02:00:00Z")):
        run.all(as_of)

    done = backtested.done(plan, periods=3, asOf=AS_OF)

    assert done["state"] == "complete"
    assert done["customerCounts"] == {
        "chosen": 5,
        "settled": 5,
        "compared": 5,
        "failed": 0,
        "raised": 0,
        "lowered": 0,
        "unchanged": 5,
    }
    billed = sum(
        (line.totals.total for one in run.invoices() for line in one.lines if line.service_period.start < at(AS_OF)),
        start=Decimal(0),
    )
    assert done["totals"] == {"old": f"{billed:f}", "new": f"{billed:f}", "difference": "0"}
    assert {one["difference"] for one in done["quantiles"]} == {"0"}
    for row in done["customers"]["items"]:
        assert (row["difference"], row["periods"]) == ("0", 3)
        assert row["old"] == row["new"]
        lines = backtested.customer(done, row["customerId"])["lines"]
        assert len(lines) == 6
        for line in lines:
            assert line["old"]["invoiceId"]
            assert "invoiceId" not in line["new"]
            assert line["old"]["trace"] == line["new"]["trace"]
            assert line["new"]["isGenuine"]


def test_another_plan_is_compared_line_by_line_with_what_was_invoiced(run: Run, backtested: Backtested) -> None:
    plan, draft = backtested.plan(SOLD), backtested.plan(DEARER, version=2)
    ann, bob = run.customer("ann"), run.customer("bob")
    for customer, quantity in ((ann, "2"), (bob, "30")):
        backtested.subscribe(customer, plan)
        for month in MONTHS:
            run.used(customer, month, quantity)
    run.all(AFTER_FEBRUARY)

    done = backtested.done(draft, periods=3, asOf=AS_OF)

    # ann: 3 x (20 + 5 + 2) against 3 x (25 + 2); bob: 3 x (20 + 15 + 20 x 0.333) against 3 x (25 + 30)
    rows = {row["customerId"]: (row["old"], row["new"], row["difference"]) for row in done["customers"]["items"]}
    assert rows == {ann: ("81.00", "81.00", "0"), bob: ("124.98", "165.00", "40.02")}
    assert done["totals"] == {"old": "205.98", "new": "246.00", "difference": "40.02"}
    assert {one["percent"]: one["difference"] for one in done["quantiles"]} == {
        0: "0",
        10: "0",
        25: "0",
        50: "0",
        75: "40.02",
        90: "40.02",
        99: "40.02",
        100: "40.02",
    }
    lines = backtested.customer(done, bob)["lines"]
    assert [(line["itemKey"], line["difference"]) for line in lines] == [("fee", "5.00"), ("usage", "8.34")] * 3
    invoiced = ["invoiceId" in line["old"] for line in lines if line["itemKey"] == "usage"]
    assert invoiced == [True, True, False]
    assert "30 x 1 = 30" in "\n".join(statement_of(lines[1]["new"]["trace"]))


def test_usage_of_all_customers_of_a_batch_is_asked_for_once_a_feature_and_period(
    run: Run, backtested: Backtested
) -> None:
    plan = backtested.plan(SOLD)
    backtested.batch_size = 10
    customers = [run.customer(f"customer-{number}") for number in range(10)]
    for customer in customers:
        backtested.subscribe(customer, plan)

    backtested.done(plan, periods=3, asOf=AS_OF)

    assert [(feature, f"{period.start:%Y-%m-%d}") for feature, period, _ in run.usage.asked] == [
        ("usage", month) for month in MONTHS
    ]
    assert all(sorted(subjects) == sorted(customers) for _, _, subjects in run.usage.asked)


def test_nothing_of_a_backtest_touches_what_is_billed(run: Run, backtested: Backtested) -> None:
    plan, draft = backtested.plan(SOLD), backtested.plan(DEARER, version=2)
    for name in ("ann", "bob"):
        backtested.subscribe(run.customer(name), plan)
    before = run.everything()
    backtested.done(draft, periods=3, asOf=AS_OF)
    assert run.everything() == before

    run.all(AFTER_FEBRUARY)
    before = run.everything()
    backtested.done(draft, periods=2, asOf=AS_OF)
    assert run.everything() == before


def test_asking_again_is_the_same_backtest_and_a_draft_that_changed_is_another(
    run: Run, backtested: Backtested
) -> None:
    plan, draft = backtested.plan(SOLD), backtested.plan(DEARER, version=2)
    ann = run.customer("ann")
    backtested.subscribe(ann, plan)

    first = backtested.start(draft, periods=3)
    again = backtested.start(draft, periods=3)
    by_key = backtested.start(draft, periods=3, customers=["ann"])
    by_id = backtested.start(draft, periods=3, customers=[ann, "ann"])

    assert again == first
    assert by_key == by_id
    assert by_key["id"] != first["id"]
    assert set(backtested.launched.backtests()) == {first["id"], by_key["id"]}
    assert backtested.launched.given(first["id"]) == {
        "namespace": run.namespace,
        "planId": draft.id,
        "backtestId": first["id"],
    }

    with run.database.transaction(run.namespace) as transaction:
        transaction.execute(
            "UPDATE plans SET updated_at = updated_at + interval '1 hour'"
            " WHERE namespace = %(namespace)s AND id = %(id)s",
            {"id": draft.id},
        )
        transaction.commit()
    assert backtested.start(draft, periods=3)["id"] != first["id"]


def test_a_workflow_that_could_not_be_started_is_started_by_asking_again(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    backtested.launched.is_down = True
    assert backtested("POST", f"/api/v1/plans/{plan.id}/backtest", {"periods": 1})[0] == 503

    backtested.launched.is_down = False
    started = backtested.start(plan, periods=1)
    assert backtested.launched.backtests() == [started["id"]]


def test_repeating_any_step_changes_nothing(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    customers = [run.customer(name) for name in ("ann", "bob", "cid")]
    for customer in customers:
        backtested.subscribe(customer, plan)
    started = backtested.start(plan, periods=3, asOf=AS_OF)
    assert [one.succeeded for one in backtested.rate(started)] == [2, 1]
    assert backtested.finish(started)
    before = backtested.shown(started)

    run.used(customers[0], MONTHS[0], "1000")
    assert [one.succeeded for one in backtested.rate(started)] == [0, 0]
    assert backtested.finish(started)
    assert backtested.shown(started) == before
    assert backtested.start(plan, periods=3, asOf=AS_OF)["finishedAt"] == before["finishedAt"]


def test_customers_that_cannot_be_compared_are_listed_with_their_reason_and_keep_no_other(
    run: Run, backtested: Backtested
) -> None:
    plan = backtested.plan(SOLD)
    two = replace(DEARER, phases=(phase("trial", "P1M"), phase("default", None, fee(amount="25"))))
    draft = backtested.plan(two, version=2)
    ann, bob, cid, dan = (run.customer(name) for name in ("ann", "bob", "cid", "dan"))
    backtested.subscribe(ann, plan)
    odd = replace(SOLD, phases=(replace(SOLD.phases[0], key="odd"),))
    backtested.subscribe(bob, replace(plan, spec=odd))
    backtested.subscribe(cid, replace(plan, spec=replace(SOLD, currency="EUR")))
    backtested.subscribe(dan, plan, "2024-03-20")

    done = backtested.done(draft, periods=3, asOf=AS_OF)

    assert done["state"] == "incomplete"
    found = {
        row["customerKey"]: (row["state"], row.get("reason", {}).get("code")) for row in done["customers"]["items"]
    }
    assert found == {
        "ann": ("compared", None),
        "bob": ("failed", "phase_not_matched"),
        "cid": ("failed", "currency_mismatch"),
        "dan": ("failed", "no_complete_period"),
    }
    counts = done["customerCounts"]
    assert (counts["compared"], counts["failed"], done["totals"]["new"]) == (1, 3, "75.00")
    assert "lines" not in backtested.customer(done, bob)


def test_usage_that_cannot_be_read_is_a_reason_and_a_store_that_is_away_leaves_the_batch_as_it_was(
    run: Run, backtested: Backtested
) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    started = backtested.start(plan, periods=1, asOf=AS_OF)
    run.usage.is_down = True
    with pytest.raises(Unavailable):
        backtested.rate(started)
    assert backtested.shown(started)["customerCounts"] == {"chosen": 1, "settled": 0}

    assert not backtested.finish(started)
    [row] = backtested.shown(started)["customers"]["items"]
    assert (row["state"], row["reason"]["code"]) == ("failed", "batch_failed")


def test_a_customer_that_breaks_the_arithmetic_fails_alone(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    ann, bob = run.customer("ann"), run.customer("bob")
    for customer in (ann, bob):
        backtested.subscribe(customer, plan)
    run.used(bob, MONTHS[2], "NaN")

    done = backtested.done(plan, periods=1, asOf=AS_OF)

    rows = {row["customerId"]: row for row in done["customers"]["items"]}
    assert rows[ann]["state"] == "compared"
    assert rows[bob]["reason"]["code"] == "unexpected"
    assert "NaN" not in rows[bob]["reason"]["message"]


def test_the_last_step_finds_who_is_left_wherever_the_collation_puts_them(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    started = backtested.start(plan, periods=1, asOf=AS_OF)
    with run.database.transaction(run.namespace) as transaction:
        # stands after "~" here, as every id does where the database sorts by a language
        transaction.execute("UPDATE backtest_customers SET customer_id = 'ü' WHERE namespace = %(namespace)s")
        transaction.commit()

    assert not backtested.finish(started)
    [row] = run.rows("SELECT state, reason_code FROM backtest_customers WHERE namespace = %(namespace)s")
    assert (row["state"], row["reason_code"]) == ("failed", "batch_failed")
