"""The balance worker, fed by the queue of what moves balances."""

from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.clickhouse_counted import ClickHouseCounted
from meterhouse.entitlements.evaluate_balances import EvaluateBalances
from meterhouse.entitlements.postgres_evaluations import PostgresEvaluations
from meterhouse.entitlements.postgres_settled import PostgresSettledReservations
from meterhouse.entitlements.postgres_standings import PostgresSnapshots
from meterhouse.entitlements.send_settled_usage import SendSettledUsage
from meterhouse.entitlements.sqs_event import batch_handler
from meterhouse.entitlements.thresholds import EveryThreshold, percentages
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.settings import optional
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
log = KafkaProducer(KafkaSettings.from_environment)
evaluate = EvaluateBalances(
    begins(database, PostgresEvaluations),
    Balances(ClickHouseUsage(store), PostgresSnapshots(database).keep),
    EveryThreshold(percentages(optional("BALANCE_THRESHOLDS", "50,75,90,100"))),
    SendSettledUsage(begins(database, PostgresSettledReservations), ClickHouseCounted(store), log, clock.now),
    clock.now,
)
handler = task(batch_handler(evaluate))
