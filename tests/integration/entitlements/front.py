"""The routes of checks over a house's stores, or over stores that do not answer."""

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from meterhouse.entitlements.access_api import access_routes, history_routes, subject_value_routes
from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.check_access import CheckAccess, CreditLeft, no_credit
from meterhouse.entitlements.entitlement_access_api import entitlement_access_routes
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.show_history import ShowHistory
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_read import glances
from tests.integration.entitlements.usage_house import UsageHouse
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request

NOWHERE = 1
"""A port on which nobody listens."""


@dataclass
class Front:
    used: UsageHouse
    database: Database | None = None
    store: ClickHouse | None = None
    credit: CreditLeft = no_credit
    handler: HttpHandler = field(init=False)

    def __post_init__(self) -> None:
        read = glances(self.database or self.used.database, PostgresStandings)
        usage = ClickHouseUsage(self.store or self.used.store)
        check = CheckAccess(read, Balances(usage), clock.now, self.credit)
        self.handler = http_handler(
            access_routes(check),
            subject_value_routes(check),
            entitlement_access_routes(check),
            history_routes(ShowHistory(read, usage)),
        )

    def answer(self, method: str, path: str, body: object = None, **more: Any) -> dict[str, Any]:
        return dict(self.handler(request(method, path, body, **{"namespace": self.used.namespace, **more}), CONTEXT))

    def call(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = self.answer(method, path, body, **more)
        return int(answer["statusCode"]), json.loads(answer["body"], parse_float=Decimal)

    def get(self, path: str, query: str = "", **more: Any) -> Any:
        """The answer to what must succeed."""
        status, answer = self.call("GET", path, query=query, **more)
        assert status == 200, answer
        return answer

    def refused(self, path: str, query: str = "", **more: Any) -> tuple[int, set[tuple[str, str]]]:
        """The status of what must fail, and each fault's field and code."""
        status, problem = self.call("GET", path, query=query, **more)
        assert status >= 400, problem
        return status, {*faults_of(problem)}

    def without_usage_store(self, settings: ClickHouseSettings) -> "Front":
        silent = replace(settings, url=f"http://127.0.0.1:{NOWHERE}", connects_within=1)
        return Front(self.used, store=ClickHouse(lambda: silent))

    def without_database(self, settings: PostgresSettings) -> "Front":
        silent = replace(settings, port=NOWHERE, connects_within=1)
        return Front(self.used, database=Database(lambda: silent))
