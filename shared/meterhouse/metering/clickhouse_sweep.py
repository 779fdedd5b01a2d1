"""Writings in ClickHouse, swept by ranges of identities: their hashes are spread evenly, so ranges are of one size."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from meterhouse.metering.batch import EventKey
from meterhouse.metering.sweep_writings import LaterValue, Span
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meterhouse.platform.clickhouse import ClickHouse

_SQL = queries("meterhouse.metering", "sweep.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3600
_RANGE = 1_000_000
"""Writings: a hundred megabytes in ClickHouse."""
_IDENTITIES = 1 << 64
_SETTINGS = {
    # the hour is in the key, so rows of one key never stand in two partitions
    "do_not_merge_across_partitions_select_final": 1,
    # keys hold texts of a thousand characters
    "max_query_size": 32 * 1024 * 1024,
}


class ClickHouseWritings:
    def __init__(self, store: ClickHouse, range_size: int = _RANGE) -> None:
        """`range_size`: about how many writings are looked at in one query."""
        self._store = store
        self._range_size = range_size

    def later(self, namespace: str, span: Span) -> Iterator[EventKey]:
        [(count,)] = self._store.query(_SQL["count"], {"namespace": namespace})
        parts = -(-count // self._range_size)
        for part in range(parts):
            first, last = part * _IDENTITIES // parts, (part + 1) * _IDENTITIES // parts - 1
            text = _SQL["later_writings"].format(first=first, last=last)
            for row in self._store.query(text, {"namespace": namespace, **_bounds(span)}):
                yield EventKey(namespace, *row)

    def found(self, meter_ids: Sequence[str], keys: Sequence[EventKey], span: Span) -> list[LaterValue]:
        by_place = {(key.subject, key.hour, key.source, key.id): key for key in keys}
        asked = {"namespace": keys[0].namespace, "meter_ids": list(meter_ids), **_bounds(span)}
        marked = set(self._store.query(_SQL["marked"], asked))
        rows = self._store.query(_SQL["found"], asked | {"keys": list(by_place)}, _SETTINGS)
        values = (
            LaterValue(meter_id, key, bool(stands), _mark(key))
            for meter_id, *place, stands in rows
            for key in [by_place[tuple(place)]]
        )
        return [one for one in values if one.stands or (one.meter_id, one.key.hour, one.mark) not in marked]

    def mark(self, values: Sequence[LaterValue]) -> None:
        data: list[Sequence[object]] = [
            [value.key.namespace for value in values],
            [value.meter_id for value in values],
            [value.key.hour for value in values],
            [value.mark for value in values],
            [0] * len(values),
        ]
        names = ("namespace", "meter_id", "hour", "mark", "covered")
        self._store.insert("dirty_hours", names, data, {"max_partitions_per_insert_block": 0})


def _mark(key: EventKey) -> str:
    """The same at each sweep, until an earlier writing of the identity turns up: the key may stand anew by then."""
    told = json.dumps([key.subject, key.source, key.id, key.first])
    return f"swept {blake2b(told.encode(), digest_size=8).hexdigest()}"


def _bounds(span: Span) -> dict[str, int]:
    """Unix seconds of the hours that hold the span."""
    from_, to = ((at - _EPOCH) // timedelta(seconds=1) for at in (span.from_, span.to))
    return {"from": from_ - from_ % _HOUR, "to": to + -to % _HOUR}
