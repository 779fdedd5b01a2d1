"""What the buffer holds, hands out and lets go."""

from collections.abc import Callable
from threading import Thread
from time import sleep

import pytest

from meterhouse.client.buffer import Buffer
from meterhouse.client.event import Event
from meterhouse.client.options import Closed, Full, Options, WhenFull

OLD = 0.0
"""A batch's age at which every event is due."""


def event(name: str, size: int = 10) -> Event:
    return Event("s", name, b"x" * (size - 3))


def names(events: list[Event]) -> str:
    return "".join(one.id for one in events)


def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        sleep(0.001)


def is_waited_on(buffer: Buffer) -> bool:
    return bool(vars(buffer._changed)["_waiters"])


def filled(options: Options, held: str = "abcd") -> Buffer:
    buffer = Buffer(options)
    for name in held:
        buffer.put(event(name))
    return buffer


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        (Options(batch_age=OLD, batch_events=3), ["abc", "d"]),
        (Options(batch_age=OLD, batch_bytes=20), ["ab", "cd"]),
        (Options(batch_age=OLD, batch_bytes=5), ["a", "b", "c", "d"]),
        (Options(batch_age=OLD), ["abcd"]),
    ],
)
def test_batches_are_cut_by_count_and_bytes_in_order(options: Options, batches: list[str]) -> None:
    buffer = filled(options)
    handed_out = []
    for _ in batches:
        handed_out.append(names(buffer.next_batch()))
        buffer.settle()

    assert (handed_out, buffer.is_empty) == (batches, True)


def test_a_batch_that_is_not_full_waits_for_its_age_a_flush_or_the_end() -> None:
    old = filled(Options(batch_age=0.02))
    flushed = filled(Options(batch_age=60))
    assert not flushed.flush(0)
    flushed.put(event("e"))
    closed = filled(Options(batch_age=60))
    closed.close(1)

    assert names(old.next_batch()) == "abcd"
    assert names(flushed.next_batch()) == "abcde"
    assert names(closed.next_batch()) == "abcd"
    assert closed.next_batch() == []


@pytest.mark.parametrize("limits", [{"buffer_events": 4}, {"buffer_bytes": 45}])
def test_what_has_no_room_is_dropped_as_the_options_say(limits: dict[str, int]) -> None:
    for when_full in (WhenFull.DROP_NEW, WhenFull.WAIT):
        buffer = filled(Options(batch_age=OLD, when_full=when_full, waits=0.01, **limits))  # type: ignore[arg-type] # sizes by name
        with pytest.raises(Full):
            buffer.put(event("e"))
        assert names(buffer.next_batch()) == "abcd"

    buffer = filled(Options(batch_age=OLD, when_full=WhenFull.DROP_OLD, **limits))  # type: ignore[arg-type] # sizes by name
    assert names(buffer.put(event("e"))) == "a"
    with pytest.raises(Full):
        buffer.put(event("f", 64 * 1024 * 1024 + 1))
    assert names(buffer.next_batch()) == "bcde"


def test_what_is_on_its_way_takes_room_and_is_not_dropped() -> None:
    buffer = filled(Options(batch_age=OLD, batch_events=3, buffer_events=4, when_full=WhenFull.DROP_OLD))

    assert names(buffer.next_batch()) == "abc"
    assert names(buffer.put(event("e"))) == "d"
    assert not buffer.flush(0)
    buffer.settle()
    assert names(buffer.next_batch()) == "e"


def test_whoever_waits_for_room_gets_it_when_a_batch_is_settled() -> None:
    buffer = filled(Options(batch_age=OLD, buffer_events=4, when_full=WhenFull.WAIT, waits=30))
    buffer.next_batch()
    waiting = Thread(target=buffer.put, args=(event("e"),))
    waiting.start()
    until(lambda: is_waited_on(buffer))
    buffer.settle()
    waiting.join()

    assert names(buffer.next_batch()) == "e"


def test_a_flush_waits_for_what_was_there_and_for_nothing_later() -> None:
    buffer = filled(Options(batch_age=60, batch_events=4))
    buffer.next_batch()
    told: list[bool] = []
    flush = Thread(target=lambda: told.append(buffer.flush(30)))
    flush.start()
    until(lambda: buffer._flush_before == 4)
    buffer.put(event("e"))
    buffer.settle()
    flush.join()

    assert told == [True]


def test_a_flush_waits_for_what_is_on_its_way_though_all_that_came_later_was_dropped() -> None:
    limits = Options(batch_age=OLD, batch_events=2, buffer_events=4, when_full=WhenFull.DROP_OLD)
    buffer = filled(limits, "ab")
    buffer.next_batch()
    told: list[bool] = []
    flush = Thread(target=lambda: told.append(buffer.flush(0.2)))
    flush.start()
    until(lambda: buffer._flush_before == 2)
    dropped = [one for name in "cdef" for one in buffer.put(event(name))]
    flush.join()

    assert (told, names(dropped)) == ([False], "cd")


def test_a_flush_ends_when_what_it_waits_for_is_abandoned() -> None:
    buffer = filled(Options(batch_age=OLD))
    buffer.next_batch()
    flush = Thread(target=buffer.flush, args=(30,))
    flush.start()
    until(lambda: buffer._flush_before == 4)
    assert names(buffer.abandon()) == "abcd"
    flush.join(20)

    assert not flush.is_alive()


def test_a_closed_buffer_takes_nothing_and_ends_a_rest() -> None:
    buffer = filled(Options())
    rested: list[bool] = []
    resting = Thread(target=lambda: rested.append(buffer.rest(60)))
    resting.start()
    until(lambda: is_waited_on(buffer))
    buffer.close(0.05)
    resting.join()

    with pytest.raises(Closed):
        buffer.put(event("e"))
    assert rested == [True]
    assert not buffer.rest(1)
    assert names(buffer.abandon()) == "abcd"
    assert buffer.is_empty


@pytest.mark.parametrize(
    "wrong",
    [{"batch_events": 0}, {"batch_events": 10_001}, {"buffer_events": 0}, {"batch_age": -1}, {"answers_within": 0}],
)
def test_options_that_cannot_be_are_refused_at_once(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"takes|holds|times"):
        Options(**wrong)  # type: ignore[arg-type] # one at a time
