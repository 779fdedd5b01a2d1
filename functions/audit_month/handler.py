"""Asks once a day whether each event accepted in the last month is somewhere, and tells CloudWatch."""

from operator import attrgetter
from typing import Any

from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.audit_events import LAST_MONTH, AuditEvents
from meterhouse.metering.clickhouse_conservation import ClickHouseConservation
from meterhouse.metering.clickhouse_witness import ClickHouseWitness
from meterhouse.metering.cloudwatch_audit import report, tell
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.postgres import AllMeters
from meterhouse.metering.witness import Witness
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task

TURN_SECONDS = 120.0
"""Of each topic: the witness goes on with the next audit where one did not reach the end."""

settings = KafkaSettings.from_environment
store = ClickHouse(ClickHouseSettings.from_environment)
conservation = ClickHouseConservation(store)
witness = Witness(
    KafkaTopic(settings, attrgetter("events_topic"), TURN_SECONDS),
    KafkaTopic(settings, attrgetter("dead_letter_topic"), TURN_SECONDS),
    ClickHouseWitness(store),
)
database = Database(PostgresSettings.from_environment)
meters = AllMeters(database)
account = AccountForEvents(KafkaEventLog(settings), witness, meters, conservation, meters)
audit = AuditEvents(account, conservation, report, clock.now, LAST_MONTH)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """The numbers of the metrics, in events and letters of the last month."""
    return {**tell(audit())}
