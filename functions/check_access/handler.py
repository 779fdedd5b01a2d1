"""What customers may use, what is left of it, and what became of it."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from meterhouse.entitlements.access_api import access_routes, history_routes, subject_value_routes
from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.check_access import CheckAccess
from meterhouse.entitlements.entitlement_access_api import entitlement_access_routes
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.show_history import ShowHistory
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_read import glances


def database_settings() -> PostgresSettings:
    """Whoever waits for a check, and may want to fail open, learns within the gateway's 29 s that a store is silent."""
    return replace(PostgresSettings.from_environment(), connects_within=3, answers_within=5)


def usage_settings() -> ClickHouseSettings:
    return replace(ClickHouseSettings.from_environment(), connects_within=3, answers_within=8)


def credit_left(namespace: str, wanted: Mapping[str, Collection[str]], at: datetime) -> Mapping[str, AbstractSet[str]]:
    from meterhouse.billing.for_entitlements import left_credit  # noqa: PLC0415 - no cold start waits for it

    return left_credit(database, usage)(namespace, wanted, at)


database, store = Database(database_settings), ClickHouse(usage_settings)
usage = ClickHouseUsage(store)
read = glances(database, PostgresStandings)
check = CheckAccess(read, Balances(usage), credit=credit_left)
handler = http_handler(
    access_routes(check),
    subject_value_routes(check),
    entitlement_access_routes(check),
    history_routes(ShowHistory(read, usage)),
)
