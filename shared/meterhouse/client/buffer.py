"""Events between the program and the thread that sends them."""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from threading import Condition
from typing import TYPE_CHECKING

from meterhouse.client.options import Closed, Full, WhenFull

if TYPE_CHECKING:
    from meterhouse.client.event import Event
    from meterhouse.client.options import Options


class Buffer:
    """Bounded, in order, for any number of callers and one sender. What is on its way counts until it is settled.

    Places are numbers that only grow: whoever flushes waits for those that were taken before.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._is_closed = False
        self.empty()

    def empty(self) -> None:
        """Begin anew, with a lock of its own: in a forked child, whose parent sends what it holds."""
        self._changed = Condition()
        self._queue: deque[tuple[Event, float]] = deque()
        self._next_place = 0
        self._on_their_way: list[Event] = []
        self._place_on_its_way = 0
        self._events = self._bytes = self._queued_bytes = 0
        self._flush_before = 0
        self._gives_up_at: float | None = None

    def put(self, event: Event) -> list[Event]:
        """Take the event; those that were dropped for it.

        Raises:
            Full: there is no room, and what the options say about that makes none.
            Closed: nothing is taken any more.
        """
        with self._changed:
            dropped = self._make_room(event)
            if self._is_closed:
                raise Closed("the client is closed")
            self._queue.append((event, time.monotonic()))
            self._next_place += 1
            self._count(event, 1)
            self._queued_bytes += event.size
            if len(self._queue) == 1 or self._is_batch():
                self._changed.notify_all()
        return dropped

    def next_batch(self) -> list[Event]:
        """Wait until a batch is due, and hand it out; empty: closed, and all was handed out."""
        with self._changed:
            while self._queue or not self._is_closed:
                wait = self._due_in()
                if wait is not None and wait <= 0:
                    return self._hand_out()
                self._changed.wait(wait)
            return []

    def settle(self) -> None:
        """The events that were handed out are delivered or given up."""
        with self._changed:
            for event in self._on_their_way:
                self._count(event, -1)
            self._on_their_way = []
            self._changed.notify_all()

    def flush(self, timeout: float | None) -> bool:
        """Send at once what was taken up to now; whether it was settled in that time."""
        with self._changed:
            place = self._flush_before = self._next_place
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._oldest_place >= place, timeout)

    def close(self, timeout: float) -> None:
        """Take nothing more. The sender goes on for that time."""
        with self._changed:
            self._is_closed = True
            self._gives_up_at = time.monotonic() + timeout
            self._changed.notify_all()

    def rest(self, seconds: float) -> bool:
        """Wait before a request is tried again; whether it may be.

        Whoever waits when the buffer is closed tries at once; from then on only what fits into the time is waited.
        """
        with self._changed:
            if not self._is_closed:
                self._changed.wait_for(lambda: self._is_closed, seconds)
                return True
        left = self.seconds_left()
        if seconds >= left:
            return False
        time.sleep(seconds)
        return True

    def seconds_left(self) -> float:
        """Until the sender has to give up."""
        return float("inf") if self._gives_up_at is None else self._gives_up_at - time.monotonic()

    def abandon(self) -> list[Event]:
        """Hand out what was not settled, on its way or not: the sender did not come back in time."""
        with self._changed:
            left = [*self._on_their_way, *(event for event, _ in self._queue)]
            self._queue.clear()
            self._on_their_way = []
            self._changed.notify_all()
            return left

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        return not self._queue and not self._on_their_way

    @property
    def _oldest_place(self) -> int:
        """Of what is not settled. What is on its way is the oldest, whatever of the queue was dropped meanwhile."""
        return self._place_on_its_way if self._on_their_way else self._next_place - len(self._queue)

    def _make_room(self, event: Event) -> list[Event]:
        dropped: list[Event] = []
        if self._has_room(event) or self._is_closed:
            return dropped
        if event.size > self._options.buffer_bytes:
            raise Full(f"one event of {event.size} bytes is more than the buffer holds")
        if self._options.when_full is WhenFull.WAIT:
            self._changed.wait_for(lambda: self._has_room(event) or self._is_closed, self._options.waits)
        elif self._options.when_full is WhenFull.DROP_OLD:
            while self._queue and not self._has_room(event):
                dropped.append(self._pop())
                self._count(dropped[-1], -1)
        if not self._has_room(event) and not self._is_closed:
            raise Full(f"the buffer is full: {self._events} events, {self._bytes} bytes")
        return dropped

    def _has_room(self, event: Event) -> bool:
        limits = self._options
        return self._events < limits.buffer_events and self._bytes + event.size <= limits.buffer_bytes

    def _count(self, event: Event, sign: int) -> None:
        self._events += sign
        self._bytes += sign * event.size

    def _is_batch(self) -> bool:
        return len(self._queue) >= self._options.batch_events or self._queued_bytes >= self._options.batch_bytes

    def _due_in(self) -> float | None:
        """Seconds until a batch is due; None: there is no event."""
        if not self._queue:
            return None
        if self._is_closed or self._is_batch() or self._oldest_place < self._flush_before:
            return 0.0
        return self._queue[0][1] + self._options.batch_age - time.monotonic()

    def _hand_out(self) -> list[Event]:
        self._place_on_its_way = self._next_place - len(self._queue)
        batch, size = [self._pop()], 0
        for event, _ in islice(self._queue, self._options.batch_events - 1):
            size += event.size
            if size + batch[0].size > self._options.batch_bytes:
                break
            batch.append(event)
        for _ in batch[1:]:
            self._pop()
        self._on_their_way = batch
        return batch

    def _pop(self) -> Event:
        event, _ = self._queue.popleft()
        self._queued_bytes -= event.size
        return event
