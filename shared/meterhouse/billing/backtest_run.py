"""One execution of a backtest's workflow, as its tasks are told of it."""

from dataclasses import dataclass
from typing import Any

from meterhouse.billing.backtest import Backtest
from meterhouse.billing.backtest_ports import BacktestStore
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem
from meterhouse.platform.task import text
from meterhouse.platform.work import Work


@dataclass(frozen=True, slots=True)
class BacktestRun:
    namespace: str
    plan_id: str
    backtest_id: str

    def document(self) -> dict[str, str]:
        """The input of the workflow."""
        return {"namespace": self.namespace, "planId": self.plan_id, "backtestId": self.backtest_id}


def run_of(event: dict[str, Any]) -> BacktestRun:
    """The run in a task's input.

    Raises:
        InvalidInput: it names none.
    """
    return BacktestRun(text(event, "namespace"), text(event, "planId"), text(event, "backtestId"))


def edges_of(event: dict[str, Any]) -> tuple[str, str]:
    """The edges of a batch in a task's input: {"batch": {"afterCustomerId", "upToCustomerId"}}.

    Raises:
        InvalidInput: there is none.
    """
    batch = event.get("batch")
    if not isinstance(batch, dict):
        fault = Problem("/batch", "batch", "afterCustomerId and upToCustomerId are required")
        raise InvalidInput("the task's input lacks a batch", [fault])
    return str(batch.get("afterCustomerId") or ""), text(batch, "upToCustomerId")


def found_backtest(work: Work[BacktestStore], plan_id: str, backtest_id: str) -> Backtest:
    """The backtest of this id; raises `NotFound`."""
    found = work.store.backtests.find(plan_id, backtest_id)
    if found is None:
        raise NotFound("backtest", backtest_id)
    return found
