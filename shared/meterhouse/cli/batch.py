"""Records in the portions that one request takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meterhouse.cli.record import Record

MOST_BYTES = 4 * 1024 * 1024
"""Of a request before compression: events that do not compress at all still fit the 6 MB of a Lambda, in base64."""


def batches(records: Iterable[Record], most: int, most_bytes: int = MOST_BYTES) -> Iterator[list[Record]]:
    """Runs of at most `most` records, in order, in `most_bytes` unless a single one is larger."""
    batch: list[Record] = []
    size = 0
    for record in records:
        if batch and (len(batch) == most or size + len(record.event) > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record.event) + 1
    if batch:
        yield batch


def body_of(records: Sequence[Record]) -> bytes:
    """The JSON array of the records' events."""
    return b"[" + b",".join(record.event for record in records) + b"]"
