"""The tasks of a backtest as they are composed: only where their stores are is set by the test."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.finish_backtest import handler as finish
from functions.list_backtest_batches import handler as batches
from functions.manage_backtests import handler as manage
from functions.rate_backtest import handler as rate
from meterhouse.kernel.errors import InvalidInput, NotFound
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import Run
from tests.unit.billing.samples import metered
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import fee, phase, spec

SOLD = spec(phase("default", None, fee(amount="20"), metered()))


@pytest.fixture(autouse=True)
def _stores(composed: Callable[..., None]) -> None:
    composed(manage, batches, rate, finish)


def test_the_workflows_tasks_lead_from_the_batches_to_the_summary_that_is_shown(run: Run) -> None:
    backtested = Backtested(run)
    plan = backtested.plan(SOLD)
    backtested.subscribe(run.customer("ann"), plan)
    started = backtested.start(plan, periods=2, asOf="2024-04-01T00:00:00Z")
    given = json.loads(json.dumps(backtested.launched.given(started["id"])))

    listed = batches.handler(given, CONTEXT)["batches"]
    rated = [rate.handler(given | {"batch": batch}, CONTEXT) for batch in listed]
    finished = finish.handler(given, CONTEXT)

    assert rated == [{"succeeded": 1, "failed": 0}]
    assert finished == {"complete": True}
    path = f"/api/v1/plans/{plan.id}/backtests/{started['id']}"
    shown = json.loads(manage.handler(request("GET", path, namespace=run.namespace), CONTEXT)["body"])
    assert (shown["state"], shown["totals"]) == ("complete", {"old": "40.00", "new": "40.00", "difference": "0"})


@pytest.mark.parametrize("task", [{}, {"namespace": "n", "planId": "p"}, {"namespace": "n", "backtestId": "b"}])
def test_a_task_without_its_input_is_refused(task: dict[str, Any]) -> None:
    for function in (batches, rate, finish):
        with pytest.raises(InvalidInput):
            function.handler(task, CONTEXT)


@pytest.mark.parametrize("batch", [None, "all", {}, {"afterCustomerId": "x"}])
def test_a_batch_without_its_edges_is_refused(batch: object) -> None:
    task = {"namespace": "n", "planId": "p", "backtestId": "b", "batch": batch}
    with pytest.raises(InvalidInput):
        rate.handler(task, CONTEXT)


def test_a_backtest_that_is_not_saved_yet_is_an_error_to_be_tried_again(run: Run) -> None:
    task = {"namespace": run.namespace, "planId": "p", "backtestId": "b"}
    with pytest.raises(NotFound):
        batches.handler(task, CONTEXT)
