"""Kafka: the log of accepted events and the dead letters beside it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from meterhouse.kernel.errors import MeterhouseError, TooLarge, Unavailable
from meterhouse.metering.event import COUNT_HEADER
from meterhouse.platform import trace_context
from meterhouse.platform.topics import LARGEST_LETTER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meterhouse.platform.kafka import KafkaSettings

_DEADLINE_SECONDS = 8.0
_METADATA_SECONDS = 5.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NOW = 0
"""What the driver takes for the moment of sending."""
_WARM_AT_INIT = frozenset({"on-demand", "provisioned-concurrency"})
"""A SnapStart snapshot must hold no connection, so that kind of init is not among them."""


class KafkaProducer:
    """An idempotent producer, acks from all in-sync replicas; opened lazily or by `warm`."""

    def __init__(self, settings: Callable[[], KafkaSettings], deadline_seconds: float = _DEADLINE_SECONDS) -> None:
        self._settings = settings
        self._deadline = deadline_seconds
        self._producer: Any = None
        self._refusal: type[Exception] = Exception

    def warm(self) -> None:
        """Connect during a Lambda's init, where time is free; a broker that is down costs nothing here."""
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") not in _WARM_AT_INIT:
            return
        from confluent_kafka import KafkaException  # noqa: PLC0415 - the connection is opened here

        try:
            self._opened().list_topics(self._settings().events_topic, timeout=_METADATA_SECONDS)
        except (KafkaException, MeterhouseError):
            return

    def append(self, namespace: str, record: bytes, count: int, ingested_at: datetime) -> None:
        traceparent = trace_context.current()
        headers = {COUNT_HEADER: str(count)} | ({trace_context.HEADER: traceparent} if traceparent else {})
        accepted_ms = (ingested_at - _EPOCH) // _MILLISECOND
        self.send(self._settings().events_topic, namespace.encode(), record, headers, accepted_ms)

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Mapping[str, str] | None = None,
        timestamp_ms: int = _NOW,
    ) -> None:
        """Produce one record and wait for its delivery report.

        Raises:
            Unavailable: none came before the deadline, or it says that the broker did not take the record.
            TooLarge: the record is larger than the topic takes.
        """
        producer = self._opened()
        reports: list[Any] = []
        named = [(name, text.encode()) for name, text in (headers or {}).items()]
        try:
            producer.produce(
                topic,
                value,
                key,
                headers=named,
                timestamp=timestamp_ms,
                on_delivery=lambda error, _: reports.append(error),
            )
            producer.flush(self._deadline)
        except self._refusal as error:
            reports.append(error.args[0])
        except BufferError:
            reports.clear()
        # a KafkaError must not be compared by ==: the driver leaves an exception behind when the other side is None
        if reports and reports[0] is None:
            return
        from confluent_kafka import KafkaError  # noqa: PLC0415 - loaded with the connection

        if reports and reports[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
            raise TooLarge("the events compress to more than the log takes at once; send fewer in a request")
        # what is still queued must not be delivered behind the caller's back for longer than need be
        producer.purge()
        self._producer = None
        raise Unavailable("the event log did not acknowledge in time", retry_after_seconds=2)

    def _opened(self) -> Any:  # noqa: ANN401 - the driver has no types
        if self._producer is None:
            from confluent_kafka import (  # noqa: PLC0415 - 50 ms of import belong to the first connection
                KafkaException,
                Producer,
            )

            self._refusal = KafkaException
            self._producer = Producer(
                self._settings().client_configuration()
                | {
                    "enable.idempotence": True,
                    "acks": "all",
                    "linger.ms": 0,
                    "compression.type": "none",
                    "message.max.bytes": LARGEST_LETTER,
                    "message.timeout.ms": int(self._deadline * 1000),
                }
            )
        return self._producer
