"""Usage that is stored well after it occurred leaves a mark, in the transaction of its notice, once it is stored."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from meterhouse.metering.batch import microseconds
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.late_usage import LATE_AFTER, LateUsage
from meterhouse.metering.postgres import OutboxNotices
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from tests.integration.metering.backfilled import BackfilledHouse
from tests.integration.metering.house import T0, House, call

MINUTE = timedelta(minutes=1)
LATE = T0 - LATE_AFTER


def marks(database: Database, namespace: str) -> list[tuple[Any, ...]]:
    with database.transaction(namespace) as transaction:
        rows = transaction.fetch_all("SELECT * FROM late_usage WHERE namespace = %(namespace)s ORDER BY id")
    return [(row["meter_id"], row["subject"], row["earliest"]) for row in rows]


def mark(house: House, meter_id: str, subject: str, at: datetime) -> LateUsage:
    return LateUsage(house.namespace, meter_id, subject, microseconds(at.replace(minute=0)))


def test_only_what_is_older_than_the_grace_is_late(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", at=T0), call("2", at=LATE + 2 * MINUTE))
    assert house.late == []
    house.sink(call("3", at=LATE - MINUTE), call("4", at=T0, subject="bob"))
    assert house.late == [mark(house, meter.id, "alice", LATE - MINUTE)]


def test_a_batch_has_one_mark_a_meter_and_subject_at_the_earliest_instant(house: House) -> None:
    meters = [house.meter(), house.meter()]
    late = [call(f"{minutes}", at=LATE - minutes * MINUTE) for minutes in (70, 140, 75)]
    house.sink(*late, call("b", at=LATE - MINUTE, subject="bob"))
    assert house.late == sorted(
        mark(house, meter.id, subject, LATE - minutes * MINUTE)
        for meter in meters
        for subject, minutes in (("alice", 140), ("bob", 1))
    )


def test_an_earlier_hour_that_loses_a_later_writing_is_late(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", at=T0))
    house.sink(call("1", at=T0 - timedelta(days=2), subject="bob"))
    assert house.late[-1].subject == "bob"
    assert {late.meter_id for late in house.late} == {meter.id}


def test_a_backfill_marks_what_it_reads(usage_store: ClickHouse, database: Database, namespace: str) -> None:
    house = BackfilledHouse(namespace, usage_store, database=database)
    house.sink(call("1", at=LATE - 3 * MINUTE), call("2", at=LATE - MINUTE, subject="bob"))
    meter = house.create()
    house.backfill(meter)
    assert house.late == [
        mark(house, meter.id, "alice", LATE - 3 * MINUTE),
        mark(house, meter.id, "bob", LATE - MINUTE),
    ]


def test_marks_are_written_with_the_notice_that_tells_of_them(database: Database, namespace: str) -> None:
    notices = OutboxNotices(database)
    late = [LateUsage(namespace, "M1", "alice", microseconds(LATE)), LateUsage(namespace, "M2", "bob", 1_500_000)]
    used = [(namespace, "alice", "M1"), (namespace, "bob", "M2"), (namespace, "carol", "M1")]
    notices.usage_ingested(used, late, new_id(), T0)
    assert marks(database, namespace) == [
        ("M1", "alice", LATE),
        ("M2", "bob", datetime.fromisoformat("1970-01-01T00:00:01.5Z")),
    ]
    with database.transaction(namespace) as transaction:
        assert len(transaction.fetch_all("SELECT * FROM outbox WHERE namespace = %(namespace)s")) == 1


def test_usage_that_is_not_late_costs_no_statement_more(database: Database, namespace: str) -> None:
    OutboxNotices(database).usage_ingested([(namespace, "alice", "M1")], [], new_id(), T0)
    assert marks(database, namespace) == []


def test_the_usage_is_stored_before_its_mark_is_drawn(house: House, database: Database, namespace: str) -> None:
    """Whoever reads marks and then usage sees the usage of every mark up to the one it saw."""
    meter, seen = house.meter(), []

    class Watched(OutboxNotices):
        def usage_ingested(self, *told: Any) -> None:
            seen.append(ClickHouseUsage(house.store).query(house.namespace, UsageQuery(meter)))
            super().usage_ingested(*told)

    house.namespace = namespace
    house.sinks(notices=Watched(database))([house.record(call("1", 7, LATE - MINUTE))])
    assert [[row.value for row in rows] for rows in seen] == [[7]]
    assert marks(database, namespace) == [(meter.id, "alice", LATE.replace(minute=0))]


@pytest.mark.parametrize(("days", "left"), [(39, 2), (41, 1)])
def test_marks_are_kept_for_longer_than_anything_may_be_trusted(
    database: Database, namespace: str, days: int, left: int
) -> None:
    notices = OutboxNotices(database)
    late = LateUsage(namespace, "M1", "alice", 0)
    notices.usage_ingested([(namespace, "alice", "M1")], [late], new_id(), T0)
    with database.transaction(namespace) as transaction:
        transaction.execute(
            f"UPDATE late_usage SET marked_at = now() - interval '{days} days' WHERE namespace = %(namespace)s"
        )
        transaction.commit()
    notices.usage_ingested([(namespace, "alice", "M1")], [late], new_id(), T0)
    assert len(marks(database, namespace)) == left
