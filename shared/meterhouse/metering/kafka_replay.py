"""Dead letters' records, back onto the events topic."""

from collections.abc import Callable

from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.sink import LogRecord
from meterhouse.metering.witness import dead_record
from meterhouse.platform.kafka import KafkaSettings


class KafkaReplay:
    def __init__(self, settings: Callable[[], KafkaSettings], producer: KafkaProducer) -> None:
        self._settings = settings
        self._producer = producer

    def put_back(self, record: LogRecord) -> None:
        """Produce a letter's record as it was accepted: the same bytes, instant and number of events.

        Raises:
            Unavailable: the topic did not take it, or did not say so in time.
        """
        was = dead_record(record).record
        headers = {"events": str(was.events)} if "events" in record.headers else {}
        topic = self._settings().events_topic
        self._producer.send(topic, record.key, record.value, headers, timestamp_ms=was.accepted_ms)
