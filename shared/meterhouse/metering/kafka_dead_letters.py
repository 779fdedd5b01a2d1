"""The dead-letter topic: what no retry can read."""

from collections.abc import Callable

from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.sink import LogRecord
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.logging import logger

_LONGEST_REASON = 1024


class KafkaDeadLetters:
    """Poison, byte for byte, with where it stood and why in headers."""

    def __init__(self, settings: Callable[[], KafkaSettings], producer: KafkaProducer) -> None:
        self._settings = settings
        self._producer = producer

    def bury(self, record: LogRecord, reason: str) -> None:
        """Send a record to the dead letters; the alarm on them reads `dead_lettered` of the log line.

        Raises:
            Unavailable: the topic did not take it; the batch must come again.
        """
        place = {"topic": record.topic, "partition": str(record.partition), "offset": str(record.offset)}
        topic = self._settings().dead_letter_topic
        self._producer.send(topic, record.key, record.value, place | {"reason": reason[:_LONGEST_REASON]})
        logger.error("dead letter", extra=place | {"dead_lettered": 1})
