"""Events in ClickHouse, listed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.metering.clickhouse_filter import Parameters, condition
from meterhouse.metering.event import StoredEvent, UsageEvent
from meterhouse.metering.list_events import EventPlace, EventQuery, ListedEvent, ListedPage, without_data
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "events.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SETTINGS = {
    "do_not_merge_across_partitions_select_final": 1,
    # customers may have thousands of subjects
    "max_query_size": 16 * 1024 * 1024,
}
_COLUMNS = (
    *("id", "source", "type", "subject", "time", "data", "datacontenttype", "dataschema"),
    *("ingested_at", "stored_at", "validation_error", "written", "identity", "is_too_large", "found"),
)
_BOUNDS = (
    # the partitions are by hour, which the key holds too
    ("from_", "hour >= toStartOfHour({at}) AND time >= {at}"),
    ("to", "hour <= toStartOfHour({at}) AND time < {at}"),
    ("ingested_from", "ingested_at >= {at}"),
    ("ingested_to", "ingested_at < {at}"),
)


class ClickHouseEvents:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def page(self, namespace: str, query: EventQuery) -> ListedPage:
        """The latest events first; one whose data alone is too much is listed `without_data`.

        Raises:
            Unavailable: the store did not answer.
        """
        parameters = Parameters(namespace=namespace, limit=query.limit, bytes=query.most_bytes)
        texts = "".join(f"\n  AND {text}" for text in _conditions(query, parameters))
        rows = self._store.query(_SQL["page"].format(conditions=texts), parameters.values, _SETTINGS)
        found = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        first = self._first_writings(namespace, [columns["identity"] for columns in found])
        listed = [
            _listed(columns, counts=columns["written"] == first.get((columns["source"], columns["id"])))
            for columns in found
        ]
        return ListedPage(listed, is_cut=bool(found) and len(found) < found[0]["found"])

    def _first_writings(self, namespace: str, identities: list[int]) -> dict[tuple[str, str], int]:
        """When each identity was written first: under another key, maybe, than that of the event found."""
        if not identities:
            return {}
        parameters = {"namespace": namespace, "identities": identities}
        rows = self._store.query(_SQL["first_writings"], parameters)
        return {(source, event_id): written for source, event_id, written in rows}


def _conditions(query: EventQuery, parameters: Parameters) -> Iterator[str]:
    for name, text in _BOUNDS:
        at = getattr(query, name)
        if at is not None:
            yield text.format(at=_instant(at, parameters))
    if query.subjects is not None:
        yield f"subject IN {parameters.bind(list(query.subjects))}"
    for name, wanted in query.attributes:
        yield condition(wanted, name, parameters)
    for name, wanted in query.instants:
        yield condition(wanted, f"toUnixTimestamp64Micro({name})", parameters)
    if query.after is not None:
        at, written = _instant(query.after.time, parameters), parameters.bind(str(query.after.written))
        yield f"(time, written) < ({at}, toUInt128({written}))"
        yield f"hour <= toStartOfHour({at})"


def _instant(at: datetime, parameters: Parameters) -> str:
    return f"fromUnixTimestamp64Micro(toInt64({parameters.bind((at - _EPOCH) // _MICROSECOND)}), 'UTC')"


def _listed(columns: Mapping[str, Any], *, counts: bool) -> ListedEvent:
    at = _EPOCH + columns["time"] * _MICROSECOND
    event = UsageEvent(
        id=columns["id"],
        source=columns["source"],
        type=columns["type"],
        subject=columns["subject"],
        time=at,
        data=columns["data"],
        datacontenttype=columns["datacontenttype"] or None,
        dataschema=columns["dataschema"] or None,
    )
    stored = StoredEvent(
        event=event,
        ingested_at=_EPOCH + columns["ingested_at"] * _MICROSECOND,
        stored_at=_EPOCH + columns["stored_at"] * _MICROSECOND,
        validation_error=columns["validation_error"] or None,
    )
    listed = ListedEvent(stored, EventPlace(at, columns["written"]), counts)
    return without_data(listed) if columns["is_too_large"] else listed
