"""Backtests over HTTP: what is refused, how they are listed, and what asking again starts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from meterhouse.billing.backtest import LASTS_AT_MOST
from meterhouse.billing.rate_backtest import RateBacktest
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import Run
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import at, fee, phase, spec

AS_OF = "2024-04-01T00:00:00Z"
SOLD = spec(phase("default", None, fee(amount="20")))
UNKNOWN = "01HZ0000000000000000000000"


@pytest.fixture
def backtested(run: Run) -> Backtested:
    return Backtested(run)


def test_all_faults_are_told_at_once_each_with_its_place(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    broken = replace(
        SOLD,
        phases=(phase("trial", None), phase("paid", None, replace(metered("gone"), feature_key="gone"))),
    )
    draft = backtested.plan(broken, version=2)
    ann, bob, cid = (run.customer(name) for name in ("ann", "bob", "cid"))
    backtested.subscribe(ann, plan)
    backtested.subscribe(bob, replace(plan, spec=replace(SOLD, currency="EUR")))
    assert cid

    found = backtested.refused(draft, periods=3, customers=["ann", bob, "cid", UNKNOWN], asOf="2031-01-01T00:00:00Z")

    assert found["/asOf"] == "future"
    assert found["/customers/0"] == "phase_not_matched"
    assert found["/customers/1"] == "currency_mismatch"
    assert found["/customers/2"] == "no_complete_period"
    assert found["/customers/3"] == "customer_not_found"
    assert any(field.startswith("/plan/phases/") for field in found)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"periods": 0}, "/periods"),
        ({"periods": 37}, "/periods"),
        ({"periods": "many"}, "/periods"),
        ({"customers": []}, "/customers"),
        ({"customers": [""]}, "/customers/0"),
        ({"customers": ["x"] * 1001}, "/customers"),
        ({"asOf": "yesterday"}, "/asOf"),
        ({"version": 2}, "/version"),
    ],
)
def test_what_is_out_of_range_or_unknown_is_named(backtested: Backtested, body: dict[str, object], field: str) -> None:
    assert list(backtested.refused(backtested.plan(SOLD), **body)) == [field]


def test_without_subscribers_customers_have_to_be_named(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    other = backtested.plan(SOLD, key="other")
    backtested.subscribe(run.customer("ann"), plan)

    assert backtested.refused(other) == {"/customers": "no_subscribers"}
    assert backtested.start(other, customers=["ann"])["customerCounts"]["chosen"] == 1


def test_unknown_plans_backtests_and_customers_are_not_found(run: Run, backtested: Backtested) -> None:
    plan, other = backtested.plan(SOLD), backtested.plan(SOLD, key="other")
    backtested.subscribe(run.customer("ann"), plan)
    started = backtested.start(plan)
    for path in (
        f"/api/v1/plans/{UNKNOWN}/backtests",
        f"/api/v1/plans/{plan.id}/backtests/{UNKNOWN}",
        f"/api/v1/plans/{other.id}/backtests/{started['id']}",
        f"/api/v1/plans/{plan.id}/backtests/{started['id']}/customers/{UNKNOWN}",
    ):
        status, answer = backtested("GET", path)
        assert (status, answer["status"]) == (404, 404), path
    assert backtested("POST", f"/api/v1/plans/{UNKNOWN}/backtest", {})[0] == 404


def test_a_plan_lists_its_backtests_the_latest_first_page_by_page(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    ids = []
    for periods in (1, 2, 3):
        ids.append(backtested.start(plan, periods=periods)["id"])
        run.now += timedelta(seconds=1)

    status, first = backtested("GET", f"/api/v1/plans/{plan.id}/backtests", query="pageSize=2")
    assert (status, first["totalCount"]) == (200, 3)
    assert [one["id"] for one in first["items"]] == [ids[2], ids[1]]
    assert first["items"][0]["state"] == "running"
    _, second = backtested("GET", f"/api/v1/plans/{plan.id}/backtests", query="pageSize=2&page=2")
    assert [one["id"] for one in second["items"]] == [ids[0]]


def test_customers_are_paged_by_id_or_by_difference(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    draft = backtested.plan(spec(phase("default", None, metered())), version=2)
    quantities = {run.customer(f"c{number}"): quantity for number, quantity in enumerate(("7", "90", "33"))}
    for customer, quantity in quantities.items():
        backtested.subscribe(customer, plan)
        run.used(customer, "2024-03-01", quantity)
    done = backtested.done(draft, periods=1, asOf=AS_OF)

    by_difference = backtested.shown(done, "orderBy=difference&order=DESC&pageSize=2")["customers"]
    assert [row["difference"] for row in by_difference["items"]] == ["25.00", "-3.50"]
    assert (by_difference["totalCount"], by_difference["page"], by_difference["pageSize"]) == (3, 1, 2)
    [last] = backtested.shown(done, "orderBy=difference&order=DESC&pageSize=2&page=2")["customers"]["items"]
    assert (last["difference"], last["customerName"]) == ("-16.50", "C0")


def test_one_that_never_finished_has_failed_after_its_time(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    started = backtested.start(plan)
    assert backtested.shown(started)["state"] == "running"

    run.now = at(started["requestedAt"]) + timedelta(hours=2)
    assert backtested.shown(started)["state"] == "failed"


def test_an_idempotency_key_gives_the_first_answer_and_one_backtest(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    path = f"/api/v1/plans/{plan.id}/backtest"

    first = backtested("POST", path, {"periods": 2}, key="k")
    run.now = NOW + timedelta(days=40)
    assert backtested("POST", path, {"periods": 2}, key="k") == first
    assert len(run.rows("SELECT id FROM backtests WHERE namespace = %(namespace)s")) == 1


def test_one_that_failed_is_started_anew_by_asking_again_once_and_keeps_its_rows(
    run: Run, backtested: Backtested
) -> None:
    plan = backtested.plan(SOLD)
    for name in ("ann", "bob", "cid"):
        backtested.subscribe(run.customer(name), plan)
    first = backtested.start(plan, periods=1, asOf=AS_OF)
    RateBacktest(backtested.begin, run.usage, lambda: run.now)(backtested.of(first), "", min(run.batch().ids))

    run.now += LASTS_AT_MOST - timedelta(seconds=1)
    assert backtested.start(plan, periods=1, asOf=AS_OF)["requestedAt"] == first["requestedAt"]
    assert backtested.launched.backtests() == [first["id"]]

    run.now += timedelta(seconds=1)
    assert backtested.shown(first)["state"] == "failed"
    again = backtested.start(plan, periods=1, asOf=AS_OF)
    run.now += timedelta(seconds=1)
    assert backtested.start(plan, periods=1, asOf=AS_OF) == again
    assert (again["id"], again["state"]) == (first["id"], "running")
    assert backtested.launched.backtests() == [first["id"]] * 2

    assert sum(one.succeeded for one in backtested.rate(again)) == 2
    assert backtested.finish(again)


def test_one_whose_row_was_lost_is_started_by_asking_again(run: Run, backtested: Backtested) -> None:
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    backtested.start(plan, periods=1, asOf=AS_OF)
    with run.database.transaction(run.namespace) as transaction:
        for table in ("backtest_customers", "backtests"):
            transaction.execute(f"DELETE FROM {table} WHERE namespace = %(namespace)s")
        transaction.commit()

    run.now += timedelta(seconds=1)
    started = backtested.start(plan, periods=1, asOf=AS_OF)
    assert backtested.launched.backtests() == [started["id"]] * 2
