"""Meters in PostgreSQL."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from meterhouse.kernel.ids import derived_ulid
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.backfill import Backfill
from meterhouse.metering.event import EARLIEST
from meterhouse.metering.late_usage import LateMark, LateUsage
from meterhouse.metering.model import Meter
from meterhouse.metering.notices import notices
from meterhouse.metering.postgres_backfills import PostgresBackfills
from meterhouse.metering.service import MeterOrder, MeterPage
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "meters.sql")
_LATE_USAGE = queries("meterhouse.metering", "late_usage.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = {
    MeterOrder.KEY: "slug",
    MeterOrder.NAME: "name",
    MeterOrder.AGGREGATION: "aggregation",
    MeterOrder.CREATED_AT: "created_at",
    MeterOrder.UPDATED_AT: "updated_at",
}


class PostgresMeters:
    """The meters of one namespace."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, id_or_slug: str) -> Meter | None:
        row = self._transaction.fetch_one(_SQL["find"], {"id_or_slug": id_or_slug})
        return None if row is None else meter_of(row)

    def by_ids(self, meter_ids: Iterable[str]) -> dict[str, Meter]:
        """Meters by id, deleted ones too: usage under them is still billed."""
        rows = self._transaction.fetch_all(_SQL["by_ids"], {"ids": list(meter_ids)})
        return {row["id"]: meter_of(row) for row in rows}

    def since(self, at: datetime) -> list[Meter]:
        """All but those that were deleted up to this instant."""
        return [meter_of(row) for row in self._transaction.fetch_all(_SQL["since"], {"at": at})]

    def is_backfilled(self, meter: Meter) -> bool:
        """Whether the events stored before the meter's latest revision are read."""
        wanted = {"meter_id": meter.id, "revision": meter.revision}
        return self._transaction.fetch_one(_SQL["open_backfill"], wanted) is None

    def live(self) -> list[Meter]:
        """All that are not deleted."""
        return [meter_of(row) for row in self._transaction.fetch_all(_SQL["live"])]

    def page(self, page: MeterPage) -> list[Meter]:
        direction = "DESC" if page.descending else "ASC"
        rows = self._transaction.fetch_all(
            f"SELECT * FROM meters WHERE {_SQL['matching']}"
            f" ORDER BY {_COLUMNS[page.order_by]} {direction}, id {direction}"
            " LIMIT %(limit)s OFFSET %(offset)s",
            {"include_deleted": page.include_deleted, "limit": page.size, "offset": (page.number - 1) * page.size},
        )
        return [meter_of(row) for row in rows]

    def add(self, meter: Meter) -> bool:
        return self._transaction.execute(_SQL["add"], _values(meter)) > 0

    def update(self, meter: Meter) -> None:
        self._transaction.execute(_SQL["update"], _values(meter))

    def add_backfill(self, meter: Meter) -> None:
        PostgresBackfills(self._transaction).add(meter.id, meter.revision, meter.updated_at)

    def backfill(self, meter_id: str) -> Backfill | None:
        return PostgresBackfills(self._transaction).latest(meter_id)


class AllMeters:
    """The meters of any namespace, deleted ones too, read anew each time: `metering.sink.Meters`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, namespace: str, since: datetime = EARLIEST) -> list[Meter]:
        with self._database.transaction(namespace) as transaction:
            return PostgresMeters(transaction).since(since)

    def is_backfilled(self, namespace: str, meter: Meter) -> bool:
        with self._database.transaction(namespace) as transaction:
            return PostgresMeters(transaction).is_backfilled(meter)


class OutboxNotices:
    """`metering.sink.Notices` by domain events `usage.ingested`.

    What is late is marked in the same transaction (see the migration `late_usage`).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def usage_ingested(
        self, usage: Iterable[tuple[str, str, str]], late: Iterable[LateUsage], notice_id: str, at: datetime
    ) -> None:
        marks = {namespace: list(of_namespace) for namespace, of_namespace in groupby(sorted(late), key=itemgetter(0))}
        for namespace, of_namespace in groupby(sorted(usage), key=itemgetter(0)):
            with self._database.transaction(namespace) as transaction:
                transaction.publish(*_notices(namespace, of_namespace, notice_id, at))
                if namespace in marks:
                    _mark(transaction, marks[namespace])
                transaction.commit()


class PostgresLateUsage:
    """What became known of the past. Whoever reads marks and then usage sees the usage of every mark it saw."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def marks(self, subjects: Iterable[str]) -> list[LateMark]:
        """By meter and subject; marks are forgotten after 40 days."""
        rows = self._transaction.fetch_all(_LATE_USAGE["marks_of"], {"subjects": list(subjects)})
        return [LateMark(row["meter_id"], row["subject"], row["earliest"], row["marked_at"]) for row in rows]


def _notices(
    namespace: str, usage: Iterable[tuple[str, str, str]], notice_id: str, at: datetime
) -> Iterator[DomainEvent]:
    for index, part in enumerate(notices((subject, meter_id) for _, subject, meter_id in usage)):
        event_id = derived_ulid(at, "usage.ingested", namespace, notice_id, str(index))
        yield DomainEvent(event_id, "usage.ingested", "usage", at, {"usage": part})


def _mark(transaction: Transaction, late: Sequence[LateUsage]) -> None:
    marks = {
        "meter_ids": [mark.meter_id for mark in late],
        "subjects": [mark.subject for mark in late],
        "earliest": [_EPOCH + timedelta(microseconds=mark.earliest) for mark in late],
    }
    transaction.execute(_LATE_USAGE["mark"], marks)
    transaction.execute(_LATE_USAGE["forget"])


def _values(meter: Meter) -> dict[str, Any]:
    written = {"group_by": json.dumps(dict(meter.group_by)), "metadata": json.dumps(dict(meter.metadata))}
    return asdict(meter) | {"aggregation": meter.aggregation.value} | written


def meter_of(row: Row) -> Meter:
    known = {name: value for name, value in row.items() if name != "namespace"}
    return Meter(**known | {"aggregation": Aggregation(row["aggregation"])})
