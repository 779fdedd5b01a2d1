"""A Kafka topic, read from a consumer group's committed offsets without joining the group."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.sink import LogRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from meterhouse.platform.kafka import KafkaSettings

_TIMEOUT_SECONDS = 10
_DEADLINE_SECONDS = 15.0
"""An HTTP request ends within 29 seconds, and both topics may be behind."""
_BUFFER_KIB = 32 * 1024


class KafkaTopic:
    """The topic that `name` picks of the settings. The group is the sink's with `-witness` at its end.

    Brokers have `answers_within` seconds for each question; all records of a call are read within `deadline_seconds`.
    """

    def __init__(
        self,
        settings: Callable[[], KafkaSettings],
        name: Callable[[KafkaSettings], str],
        deadline_seconds: float = _DEADLINE_SECONDS,
        answers_within: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._settings = settings
        self._name = name
        self._deadline = deadline_seconds
        self._answers_within = answers_within
        self._consumer: Any = None
        self._next: dict[int, int] = {}

    def ends(self) -> dict[int, int]:
        """Per partition the offset that the next record will get.

        Raises:
            Unavailable: the brokers do not answer.
        """
        return {partition: high for partition, (_, high) in self._watermarks().items()}

    def starts(self) -> dict[int, int]:
        """Per partition the offset of the first record that is still there; raises as `ends`."""
        return {partition: low for partition, (low, _) in self._watermarks().items()}

    def _watermarks(self) -> dict[int, tuple[int, int]]:
        with self._opened() as consumer:
            places = self._places(consumer)
            return {place.partition: consumer.get_watermark_offsets(place, self._answers_within) for place in places}

    def between(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[LogRecord]:
        """The records from these offsets up to `ends`, whatever was committed; raises as `unread`."""
        with self._opened() as consumer:
            left = {partition: at for partition, at in starts.items() if at < ends.get(partition, 0)}
            yield from self._read(consumer, self._places(consumer, left), ends)

    def rewind(self) -> None:
        """Have `unread` begin again with the first record that is still there; raises as `commit`."""
        self._next = self.starts()
        self.commit()

    def unread(self, ends: Mapping[int, int]) -> Iterator[LogRecord]:
        """The records from the committed offsets up to `ends`.

        Raises:
            Unavailable: the brokers do not answer, or there were more than fit the deadline: what was yielded may be
                committed, and the next call goes on.
        """
        with self._opened() as consumer:
            starts = [place for place in self._starts(consumer) if place.offset < ends.get(place.partition, 0)]
            self._next = {place.partition: place.offset for place in starts}
            yield from self._read(consumer, starts, ends)

    def commit(self) -> None:
        """Never yield again what `unread` yielded so far.

        Raises:
            Unavailable: the brokers do not answer.
        """
        with self._opened() as consumer:
            offsets = self._places(consumer, self._next)
            consumer.commit(offsets=offsets, asynchronous=False)

    def at(self, partition: int, offset: int) -> LogRecord | None:
        """The record at this place, while the topic keeps it.

        Raises:
            Unavailable: the brokers do not answer.
        """
        with self._opened() as consumer:
            for place in self._places(consumer):
                low, high = consumer.get_watermark_offsets(place, self._answers_within)
                if place.partition == partition and low <= offset < high:
                    place.offset = offset
                    found = next(self._read(consumer, [place], {partition: offset + 1}), None)
                    return found if found and found.offset == offset else None
        return None

    def _read(self, consumer: Any, starts: list[Any], ends: Mapping[int, int]) -> Iterator[LogRecord]:  # noqa: ANN401
        from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - loaded with the connection

        waiting = {place.partition for place in starts}
        until = monotonic() + self._deadline
        consumer.assign(starts)
        try:
            while waiting:
                left = until - monotonic()
                message = consumer.poll(left) if left > 0 else None
                if message is None:
                    raise Unavailable("the event log is read up to its end in several turns; ask again")
                if message.error() and message.error().code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    raise KafkaException(message.error())
                partition, following = message.partition(), message.offset() + (not message.error())
                if following >= ends[partition] or message.error():
                    waiting.discard(partition)
                if not message.error() and following <= ends[partition]:
                    self._next[partition] = following
                    yield _record(message)
        finally:
            consumer.unassign()

    def _starts(self, consumer: Any) -> list[Any]:  # noqa: ANN401 - the driver has no types
        """Where to go on; from the first record where nothing was committed, or what was is no longer there."""
        places = consumer.committed(self._places(consumer), self._answers_within)
        for place in places:
            low, high = consumer.get_watermark_offsets(place, self._answers_within)
            place.offset = place.offset if low <= place.offset <= high else low
        return list(places)

    def _places(self, consumer: Any, offsets: Mapping[int, int] | None = None) -> list[Any]:  # noqa: ANN401 - as above
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - loaded with the connection

        name = self._name(self._settings())
        if offsets is not None:
            return [TopicPartition(name, partition, offset) for partition, offset in offsets.items()]
        return [
            TopicPartition(name, partition)
            for partition in sorted(consumer.list_topics(name, self._answers_within).topics[name].partitions)
        ]

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        from confluent_kafka import Consumer, KafkaException  # noqa: PLC0415 - 50 ms belong to the first connection

        try:
            if self._consumer is None:
                settings = self._settings()
                self._consumer = Consumer(
                    settings.client_configuration()
                    | {
                        "group.id": f"{settings.consumer_group}-witness",
                        "enable.auto.commit": False,
                        "enable.partition.eof": True,
                        "queued.max.messages.kbytes": _BUFFER_KIB,
                    }
                )
            yield self._consumer
        except KafkaException as error:
            raise Unavailable("the event log did not answer") from error


def _record(message: Any) -> LogRecord:  # noqa: ANN401 - the driver has no types
    return LogRecord(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        key=message.key(),
        value=message.value(),
        timestamp_ms=message.timestamp()[1],
        headers={name: value or b"" for name, value in message.headers() or ()},
    )
