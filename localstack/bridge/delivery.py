"""Delivers one batch: attempts, item failures, bisection, back-off, and the dead letter when attempts are used up."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from localstack.bridge.event import Record, Source, payload, split, too_large
from localstack.bridge.mapping import KafkaMapping

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0


class InterruptedDeliveryError(Exception):
    """The bridge stops; nothing of the batch may be committed."""


class UnavailableError(Exception):
    """The function could not be called at all: throttled, gone, or nobody answers. Such calls are no attempts."""


class FunctionFailedError(Exception):
    """The function was called and raised, or ran out of time."""


class Invoke(Protocol):
    def __call__(self, function: str, body: bytes) -> bytes:
        """The function's answer.

        Raises:
            UnavailableError: it was not called.
            FunctionFailedError: it failed.
        """


class DeadLetter(Protocol):
    def __call__(self, topic: str, record: Record, reason: str) -> None:
        """Returns once the broker has the record."""


@dataclass(slots=True)
class Delivery:
    mapping: KafkaMapping
    source: Source
    invoke: Invoke
    dead_letter: DeadLetter
    stop: threading.Event
    pause: Callable[[float], float] = field(default=lambda seconds: seconds)
    """Turns the back-off into what is really waited."""

    def deliver(self, records: Sequence[Record]) -> None:
        """Returns when every record was taken by the function or by the dead-letter topic.

        Raises:
            InterruptedDeliveryError: stopped before that.
        """
        for batch in split(self.source, records, self.mapping.batch_size):
            self._deliver(batch, attempt=0)

    def _deliver(self, batch: Sequence[Record], attempt: int) -> None:
        while True:
            failed, reason = self._attempt(batch)
            if not failed:
                return
            if self.mapping.max_retries is not None and attempt >= self.mapping.max_retries:
                self._discard(failed, reason)
                return
            self._wait(attempt)
            attempt += 1
            if self.mapping.bisects and len(failed) == len(batch) > 1:
                middle = len(batch) // 2
                self._deliver(batch[:middle], attempt)
                self._deliver(batch[middle:], attempt)
                return
            batch = failed

    def _attempt(self, batch: Sequence[Record]) -> tuple[Sequence[Record], str]:
        """The records that still need delivery, and why."""
        body = payload(self.source, batch)
        if too_large(body):
            return batch, f"record of {len(body)} bytes exceeds the 6 MB of an invocation"
        try:
            answer = self._call(body)
        except FunctionFailedError as error:
            return batch, str(error)
        if not self.mapping.reports_item_failures:
            return (), ""
        return failed_records(batch, answer), "the function reported the record as failed"

    def _call(self, body: bytes) -> bytes:
        attempt = 0
        while True:
            try:
                return self.invoke(self.mapping.function, body)
            except UnavailableError:
                self._wait(attempt)
                attempt += 1

    def _discard(self, records: Sequence[Record], reason: str) -> None:
        if self.mapping.dead_letter_topic is None:
            return
        for record in records:
            self.dead_letter(self.mapping.dead_letter_topic, record, reason)

    def _wait(self, attempt: int) -> None:
        seconds = min(FIRST_PAUSE_SECONDS * 2 ** min(attempt, 16), LONGEST_PAUSE_SECONDS)
        if self.stop.wait(self.pause(seconds)):
            raise InterruptedDeliveryError


def failed_records(batch: Sequence[Record], answer: bytes) -> Sequence[Record]:
    """The records that the function's partial batch response names.

    As AWS does: no or an empty `batchItemFailures` means all succeeded; an answer that cannot be read, or names a
    record that was not sent, means all failed.
    """
    try:
        named = {_identity(item) for item in (json.loads(answer or b"null") or {}).get("batchItemFailures") or ()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return batch
    known = {(record.place, record.offset) for record in batch}
    if not named <= known:
        return batch
    return [record for record in batch if (record.place, record.offset) in named]


def _identity(item: dict[str, Any]) -> tuple[str, int]:
    identifier = item["itemIdentifier"]
    return str(identifier["partition"]), int(identifier["offset"])
