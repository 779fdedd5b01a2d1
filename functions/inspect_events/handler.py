"""Where accepted events are: the conservation report, conflicts, dead letters, one event's way."""

from operator import attrgetter

from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.clickhouse_conservation import ClickHouseConservation
from meterhouse.metering.clickhouse_dead_letters import ClickHouseLetters
from meterhouse.metering.clickhouse_trace import ClickHouseTrace
from meterhouse.metering.clickhouse_witness import ClickHouseWitness
from meterhouse.metering.conservation_api import conservation_routes
from meterhouse.metering.dead_letters import DeadLetters
from meterhouse.metering.dead_letters_api import dead_letter_routes
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.kafka_replay import KafkaReplay
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.postgres import AllMeters
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.postgres_replays import PostgresReplays
from meterhouse.metering.trace_api import trace_routes
from meterhouse.metering.trace_event import TraceEvent
from meterhouse.metering.witness import Witness
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, PostgresSettings, begins

settings = KafkaSettings.from_environment
database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
meters = AllMeters(database)
conservation = ClickHouseConservation(store)
letters = KafkaTopic(settings, attrgetter("dead_letter_topic"))
witness = Witness(KafkaTopic(settings, attrgetter("events_topic")), letters, ClickHouseWitness(store))
log = KafkaEventLog(settings)
handler = http_handler(
    conservation_routes(
        AccountForEvents(log, witness, meters, conservation, meters),
        conservation,
        clock.now,
    ),
    dead_letter_routes(
        DeadLetters(
            ClickHouseLetters(store),
            letters,
            KafkaReplay(settings, KafkaProducer(settings)),
            begins(database, PostgresReplays),
            witness,
            clock.now,
        )
    ),
    trace_routes(TraceEvent(log, ClickHouseTrace(store), meters, meters, directory_of(database))),
    database=database,
)
