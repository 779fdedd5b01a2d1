"""The dead-letter topic: what no retry can read."""

from collections.abc import Callable

from meterhouse.metering.event import COUNT_HEADER
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.sink import LogRecord
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.logging import count, logger

_LONGEST_REASON = 1024
_MOST_DIGITS = 9


class KafkaDeadLetters:
    """Poison, byte for byte, in headers where it stood, why, and where known when and how many events."""

    def __init__(self, settings: Callable[[], KafkaSettings], producer: KafkaProducer) -> None:
        self._settings = settings
        self._producer = producer

    def bury(self, record: LogRecord, reason: str) -> None:
        """Send a record to the dead letters; the audit counts them, and the alarm reads the audit.

        Raises:
            Unavailable: the topic did not take it; the batch must come again.
        """
        place = {"topic": record.topic, "partition": str(record.partition), "offset": str(record.offset)}
        headers = place | _acceptance(record) | {"reason": reason[:_LONGEST_REASON]}
        self._producer.send(self._settings().dead_letter_topic, record.key, record.value, headers)
        logger.error("dead letter", extra=place)

    def refuse(self, poison: int) -> None:
        """An alarm rings on the metric."""
        count("DeadLetterFlood", 1)
        logger.error("flood of dead letters: the batch is refused", extra={"poison": poison})


def _acceptance(record: LogRecord) -> dict[str, str]:
    """What the log says of the acceptance; poison may say nothing, or anything."""
    known = {} if record.timestamp_ms is None else {"timestamp": str(record.timestamp_ms)}
    events = record.headers.get(COUNT_HEADER, b"")
    is_count = len(events) <= _MOST_DIGITS and events.isdigit()
    return known | ({COUNT_HEADER: events.decode()} if is_count else {})
