"""The audits of events over their stores: one composition, whatever span a function looks at."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.audit_events import AuditEvents
from meterhouse.metering.clickhouse_conservation import ClickHouseConservation
from meterhouse.metering.clickhouse_witness import ClickHouseWitness
from meterhouse.metering.cloudwatch_audit import report
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.postgres import AllMeters
from meterhouse.metering.witness import Witness
from meterhouse.platform import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from meterhouse.platform.clickhouse import ClickHouse
    from meterhouse.platform.kafka import KafkaSettings
    from meterhouse.platform.postgres import Database

_TURN_SECONDS = 120.0
"""Of each topic: the witness goes on with the next audit where one did not reach the end."""


def audit_of(span: timedelta, kafka: Callable[[], KafkaSettings], store: ClickHouse, database: Database) -> AuditEvents:
    conservation, meters = ClickHouseConservation(store), AllMeters(database)
    witness = Witness(
        KafkaTopic(kafka, attrgetter("events_topic"), _TURN_SECONDS),
        KafkaTopic(kafka, attrgetter("dead_letter_topic"), _TURN_SECONDS),
        ClickHouseWitness(store),
    )
    account = AccountForEvents(KafkaEventLog(kafka), witness, meters, conservation, meters)
    return AuditEvents(account, conservation, report, clock.now, span)
