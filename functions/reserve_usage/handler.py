"""Reservations: usage that is allowed before the work and counted after it."""

from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.postgres_reservations import PostgresReservationStore
from meterhouse.entitlements.reservation_api import BRING_EVENTS, reservation_routes
from meterhouse.entitlements.reservations import Reservations
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.gate import bring
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
reservations = Reservations(begins(database, PostgresReservationStore), Balances(ClickHouseUsage(store)), bring=bring)

handler = http_handler(reservation_routes(reservations), database=database, bring_events=BRING_EVENTS)
