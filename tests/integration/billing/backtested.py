"""Backtests over HTTP and by the workflow's tasks, on the real database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meterhouse.billing.backtest_api import backtest_routes
from meterhouse.billing.backtest_run import BacktestRun
from meterhouse.billing.backtests import BacktestService
from meterhouse.billing.batch import Outcome
from meterhouse.billing.finish_backtest import FinishBacktest, ListBacktestBatches
from meterhouse.billing.postgres_backtests import PostgresBacktestStore
from meterhouse.billing.rate_backtest import RateBacktest
from meterhouse.billing.start_backtest import StartBacktest
from meterhouse.catalog.plan import Plan, PlanSpec
from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.http import http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from meterhouse.subscriptions.model import PlanReference, Subscription
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from meterhouse.subscriptions.spec import Terms, subscribe
from tests.integration.billing.conftest import Run
from tests.integration.billing.launched import Launched
from tests.unit.billing.samples import NOW
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import at

if TYPE_CHECKING:
    from meterhouse.billing.backtest_ports import BacktestStore
    from meterhouse.platform.work import Begin


@dataclass
class Backtested:
    run: Run
    launched: Launched = field(default_factory=Launched)
    batch_size: int = 2

    def __post_init__(self) -> None:
        self.begin: Begin[BacktestStore] = begins(self.run.database, PostgresBacktestStore)
        with self.run.database.transaction(self.run.namespace) as transaction:
            spec = MeterSpec("meter", Aggregation.COUNT, "call", "Calls")
            PostgresMeters(transaction).add(new_meter(self.run.meter_id, spec, NOW))
            transaction.commit()

    def plan(self, spec: PlanSpec, key: str = "plan", version: int = 1) -> Plan:
        with self.run.database.transaction(self.run.namespace) as transaction:
            made = Plan(new_id(), key, version, spec, NOW, NOW, effective_from=None if version > 1 else NOW)
            PostgresPlans(transaction).add(made)
            transaction.commit()
        return made

    def subscribe(self, customer_id: str, plan: Plan, start: str = "2024-01-01", **changes: object) -> Subscription:
        reference = PlanReference(plan.id, plan.key, plan.version)
        terms = Terms(new_id(), customer_id, at(start), NOW, plan=reference)
        made = replace(subscribe(plan.spec, terms), **changes)  # type: ignore[arg-type] # any of its fields
        with self.run.database.transaction(self.run.namespace) as transaction:
            PostgresSubscriptions(transaction).add(made)
            transaction.commit()
        return made

    def __call__(self, method: str, path: str, body: object = None, *, query: str = "", key: str = "") -> Any:
        def now() -> Any:
            return self.run.now

        headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        event = request(method, path, body, query=query, headers=headers, namespace=self.run.namespace)
        start = StartBacktest(self.begin, self.launched, now)
        handler = http_handler(backtest_routes(start, BacktestService(self.begin, now)), database=self.run.database)
        answer = handler(event, CONTEXT)
        return int(answer["statusCode"]), json.loads(answer["body"], parse_float=Decimal)

    def start(self, plan: Plan, **body: object) -> dict[str, Any]:
        status, answer = self("POST", f"/api/v1/plans/{plan.id}/backtest", body)
        assert status == 202, answer
        return answer  # type: ignore[no-any-return] # JSON

    def refused(self, plan: Plan, **body: object) -> dict[str, str]:
        status, answer = self("POST", f"/api/v1/plans/{plan.id}/backtest", body)
        assert status == 400, answer
        return {fault["field"]: fault["code"] for fault in answer["extensions"]["validationErrors"]}

    def rate(self, started: Mapping[str, Any]) -> list[Outcome]:
        """What the workflow does between its first and its last step."""
        run = self.of(started)
        rate = RateBacktest(self.begin, self.run.usage, lambda: self.run.now)
        batches = ListBacktestBatches(self.begin, self.batch_size)(run)
        return [rate(run, batch["afterCustomerId"], batch["upToCustomerId"]) for batch in batches]

    def finish(self, started: Mapping[str, Any]) -> bool:
        return FinishBacktest(self.begin, lambda: self.run.now)(self.of(started))

    def of(self, started: Mapping[str, Any]) -> BacktestRun:
        return BacktestRun(self.run.namespace, started["plan"]["id"], started["id"])

    def shown(self, started: Mapping[str, Any], query: str = "") -> dict[str, Any]:
        status, answer = self("GET", _path(started), query=query)
        assert status == 200, answer
        return answer  # type: ignore[no-any-return] # JSON

    def customer(self, started: Mapping[str, Any], customer_id: str) -> dict[str, Any]:
        status, answer = self("GET", f"{_path(started)}/customers/{customer_id}")
        assert status == 200, answer
        return answer  # type: ignore[no-any-return] # JSON

    def done(self, plan: Plan, **body: object) -> dict[str, Any]:
        """A backtest from its request to its end."""
        started = self.start(plan, **body)
        self.rate(started)
        self.finish(started)
        return self.shown(started)


def _path(started: Mapping[str, Any]) -> str:
    return f"/api/v1/plans/{started['plan']['id']}/backtests/{started['id']}"
