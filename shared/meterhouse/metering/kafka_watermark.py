"""The events topic's ends and its consumer group's offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meterhouse.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from meterhouse.platform.kafka import KafkaSettings

_TIMEOUT_SECONDS = 10


class KafkaEventLog:
    """Reads offsets without joining the group, so the sink is not disturbed.

    Brokers have `answers_within` seconds for each question.
    """

    def __init__(self, settings: Callable[[], KafkaSettings], answers_within: float = _TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._answers_within = answers_within
        self._consumer: Any = None

    def ends(self) -> dict[int, int]:
        """Per partition the end of the topic; 0 where it holds no record any more, so that nobody waits for any.

        Raises:
            Unavailable: the brokers do not answer.
        """
        return self._ask(
            lambda consumer, places: {
                place.partition: high if low < high else 0
                for place in places
                for low, high in [consumer.get_watermark_offsets(place, self._answers_within)]
            }
        )

    def stored(self) -> dict[int, int]:
        """Per partition what the group has committed.

        Raises:
            Unavailable: the brokers do not answer.
        """
        return self._ask(
            lambda consumer, places: {
                place.partition: max(place.offset, 0) for place in consumer.committed(places, self._answers_within)
            }
        )

    def _ask(self, question: Callable[[Any, list[Any]], dict[int, int]]) -> dict[int, int]:
        from confluent_kafka import (  # noqa: PLC0415 - 50 ms of import belong to the first connection
            Consumer,
            KafkaException,
            TopicPartition,
        )

        settings = self._settings()
        try:
            if self._consumer is None:
                group = {"group.id": settings.consumer_group, "enable.auto.commit": False}
                self._consumer = Consumer(settings.client_configuration() | group)
            topic = self._consumer.list_topics(settings.events_topic, self._answers_within).topics[
                settings.events_topic
            ]
            return question(
                self._consumer, [TopicPartition(topic.topic, number) for number in sorted(topic.partitions)]
            )
        except KafkaException as error:
            raise Unavailable("the event log did not tell its offsets") from error
