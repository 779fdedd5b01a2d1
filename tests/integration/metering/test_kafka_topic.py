"""The witness's reading of a topic: from its own committed offsets, without joining a group."""

from operator import attrgetter

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.platform.kafka import KafkaSettings
from tests.integration.metering.house import call
from tests.integration.metering.log_house import PATIENCE_SECONDS, LogHouse


def topic(logged: LogHouse, deadline_seconds: float = PATIENCE_SECONDS) -> KafkaTopic:
    return KafkaTopic(lambda: logged.settings, attrgetter("events_topic"), deadline_seconds)


def unread(read: KafkaTopic) -> list[bytes | None]:
    return [record.value for record in read.unread(read.ends())]


def test_what_was_committed_is_not_read_again_and_all_else_is(logged: LogHouse) -> None:
    keys = [b"a", b"b", b"c", b"d"]
    for key in keys:
        logged.producer.send(logged.settings.events_topic, key, key)
    read = topic(logged)
    first = next(read.unread(read.ends()))
    read.commit()
    rest = unread(topic(logged))
    assert sorted([first.value, *rest]) == keys  # type: ignore[type-var] # none is None
    read = topic(logged)
    assert len(unread(read)) == 3
    read.commit()
    assert unread(topic(logged)) == []


def test_what_comes_after_the_ends_waits_for_the_next_reading(logged: LogHouse) -> None:
    logged.producer.send(logged.settings.events_topic, b"a", b"1")
    read = topic(logged)
    ends = read.ends()
    logged.producer.send(logged.settings.events_topic, b"a", b"2")
    assert [record.value for record in read.unread(ends)] == [b"1"]
    read.commit()
    assert unread(read) == [b"2"]


def test_a_commit_beyond_the_topic_starts_it_anew(logged: LogHouse) -> None:
    logged.producer.send(logged.settings.events_topic, b"a", b"1")
    read = topic(logged)
    partition = next(read.unread(read.ends())).partition
    read._next = {partition: 1000}
    read.commit()
    assert unread(topic(logged)) == [b"1"]


def test_a_turn_that_is_too_short_says_so_and_loses_nothing(logged: LogHouse) -> None:
    logged.ingest(call("1"))
    with pytest.raises(Unavailable):
        unread(topic(logged, deadline_seconds=0))
    assert len(unread(topic(logged))) == 1


def test_silent_brokers_are_unavailable() -> None:
    nowhere = KafkaSettings("127.0.0.1:1", "events", "dead-letters", "sink", "PLAINTEXT")
    read = KafkaTopic(lambda: nowhere, attrgetter("events_topic"), answers_within=0.5)
    for ask in (read.ends, lambda: list(read.unread({0: 1})), lambda: read.at(0, 0)):
        with pytest.raises(Unavailable):
            ask()
