"""Records and the event a function gets for them, byte for byte as MSK's mapping sends it. Pure."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
MAX_RECORDS = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def place(self) -> str:
        """The name of its partition, as events and item failures spell it."""
        return f"{self.topic}-{self.partition}"


@dataclass(frozen=True, slots=True)
class Source:
    """What is the same in every event of one mapping."""

    arn: str
    bootstrap_servers: str


def payload(source: Source, records: Sequence[Record]) -> bytes:
    """The event for these records, in order, grouped by partition."""
    by_place: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_place.setdefault(record.place, []).append(_json_record(record))
    return _dumps(_envelope(source) | {"records": by_place})


def split(source: Source, records: Sequence[Record], batch_size: int) -> Iterator[list[Record]]:
    """Cuts records into invocations: at most `batch_size` and 10 000 records and 6 MB of payload each.

    A record that is larger than 6 MB by itself stands alone; it cannot be delivered (see `too_large`).
    """
    limit = min(batch_size, MAX_RECORDS)
    batch: list[Record] = []
    used = overhead = len(_dumps(_envelope(source) | {"records": {}}))
    for record in records:
        # The partition's name and brackets may come with each record; counting them every time errs on the safe side.
        size = len(_dumps({record.place: [_json_record(record)]}))
        if batch and (len(batch) == limit or used + size > MAX_PAYLOAD_BYTES):
            yield batch
            batch, used = [], overhead
        batch.append(record)
        used += size
    if batch:
        yield batch


def too_large(body: bytes) -> bool:
    return len(body) > MAX_PAYLOAD_BYTES


def _envelope(source: Source) -> dict[str, Any]:
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": source.arn,
        "bootstrapServers": source.bootstrap_servers,
    }


def _json_record(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": record.timestamp_type,
    }
    if record.key is not None:
        fields["key"] = b64encode(record.key).decode()
    if record.value is not None:
        fields["value"] = b64encode(record.value).decode()
    fields["headers"] = [{name: list(value)} for name, value in record.headers]
    return fields


def _dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
