"""The Kafka topics of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.kernel.errors import Unavailable

if TYPE_CHECKING:
    from meterhouse.platform.kafka import KafkaSettings

PARTITIONS = 6
"""Bounds how many sinks work at once; a namespace's records keep to one of them."""
LARGEST_RECORD = 4 * 1024 * 1024
LARGEST_LETTER = LARGEST_RECORD + 64 * 1024
"""A dead letter is a record with more headers."""
DEAD_LETTER_DAYS = 90
_DAY_MS = 24 * 60 * 60 * 1000
_TIMEOUT_SECONDS = 30


def create_topics(settings: KafkaSettings, partitions: int = PARTITIONS) -> list[str]:
    """Create the topics of events and of dead letters where they are missing; the names created.

    Raises:
        Unavailable: the cluster did not create one in time.
    """
    from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - only a deployment needs them
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - as above
    from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415 - as above

    events = {"max.message.bytes": LARGEST_RECORD}
    dead_letters = {
        "max.message.bytes": LARGEST_LETTER,
        "retention.ms": DEAD_LETTER_DAYS * _DAY_MS,
    }
    wanted = [
        NewTopic(settings.events_topic, partitions, config={name: str(value) for name, value in events.items()}),
        NewTopic(settings.dead_letter_topic, 1, config={name: str(value) for name, value in dead_letters.items()}),
    ]
    created = []
    admin = AdminClient(settings.client_configuration())
    for name, outcome in admin.create_topics(wanted, request_timeout=_TIMEOUT_SECONDS).items():
        try:
            outcome.result(_TIMEOUT_SECONDS)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Unavailable(f"Kafka did not create the topic {name}") from error
    return created
