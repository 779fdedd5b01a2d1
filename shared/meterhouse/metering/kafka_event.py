"""The event that MSK's event source mapping sends, and its answer."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from meterhouse.metering.sink import LogRecord
from meterhouse.platform.logging import logger
from meterhouse.platform.query_comment import commented
from meterhouse.platform.trace_context import HEADER, trace_id

_MOST_TRACES = 50


def log_records(event: Mapping[str, Any]) -> Iterator[LogRecord]:
    """The records of all partitions, each partition in its order."""
    for records in event["records"].values():
        for record in records:
            yield LogRecord(
                topic=record["topic"],
                partition=record["partition"],
                offset=record["offset"],
                key=_bytes(record.get("key")),
                value=_bytes(record.get("value")),
                timestamp_ms=record.get("timestamp"),
                headers=_headers(record.get("headers") or ()),
            )


def batch_handler(sink: Callable[[Iterator[LogRecord]], int]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A task over a batch of records; an exception has the whole batch delivered again.

    The traces of its requests stand in the log and, as a comment, at each statement of the usage store.
    """

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        records = list(log_records(event))
        traces = _traces(records)
        with commented(f"traces={','.join(traces)}" if traces else None):
            stored = sink(iter(records))
        logger.info("batch stored", extra={"records": len(records), "events": stored, "traces": traces})
        return {"batchItemFailures": []}

    return handle


def _traces(records: Iterable[LogRecord]) -> list[str]:
    """Those of the first requests that were traced: a batch may hold thousands."""
    given = (record.headers.get(HEADER, b"").decode("ascii", "replace") for record in records)
    return list(islice(dict.fromkeys(trace for one in given if (trace := trace_id(one))), _MOST_TRACES))


def _bytes(encoded: str | None) -> bytes | None:
    try:
        return None if encoded is None else b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


def _headers(encoded: Iterable[Mapping[str, Iterable[int]]]) -> dict[str, bytes]:
    """From one object a header, its bytes as numbers; Java's may be negative."""
    return {name: bytes(byte & 0xFF for byte in value) for header in encoded for name, value in header.items()}
