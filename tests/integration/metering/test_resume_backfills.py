"""Backfills whose start was lost, that died or failed are started again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meterhouse.metering.postgres_backfills import PostgresBackfills
from meterhouse.metering.resume_backfills import FAILED_AFTER, STALLED_AFTER, ResumeBackfills
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from tests.integration.metering.backfilled import BackfilledHouse
from tests.integration.metering.house import T0, call

SECOND = timedelta(seconds=1)


@pytest.fixture
def house(usage_store: ClickHouse, database: Database, namespace: str) -> BackfilledHouse:
    return BackfilledHouse(namespace, usage_store, database=database, clock=datetime.now(UTC))  # noqa: TID251 - as rows are


def resume(house: BackfilledHouse, at: datetime) -> list[dict[str, Any]]:
    """What the events tell that are published at this instant."""
    begin = begins(house.database, PostgresBackfills)
    count = ResumeBackfills(begin, lambda: [house.namespace], now=lambda: at, new_id=new_id)()
    with house.database.transaction(house.namespace) as transaction:
        rows = transaction.fetch_all(
            "SELECT data FROM outbox WHERE type = 'meter.backfill_stalled' AND occurred_at = %(at)s", {"at": at}
        )
    assert count == len(rows)
    return [row["data"] for row in rows]


def test_a_backfill_never_started_is_started_after_a_while_and_again_after_another(house: BackfilledHouse) -> None:
    meter = house.create()
    created = house.progress(meter).stepped_at
    assert resume(house, created + STALLED_AFTER) == []
    first = created + STALLED_AFTER + SECOND
    assert resume(house, first) == [{"id": meter.id, "slug": meter.slug, "revision": 0}]
    assert resume(house, first + STALLED_AFTER) == []
    assert len(resume(house, first + STALLED_AFTER + SECOND)) == 1


def test_a_backfill_that_died_on_its_way_is_started_again_and_one_that_steps_is_not(house: BackfilledHouse) -> None:
    house.sink(call("1", at=T0), call("2", at=T0 + timedelta(days=3)), call("3", at=T0 + timedelta(days=9)))
    meter = house.create()
    house.backfills()(house.run(meter), until=T0)
    stepped = house.progress(meter).stepped_at
    assert resume(house, stepped + STALLED_AFTER) == []
    assert len(resume(house, stepped + STALLED_AFTER + SECOND)) == 1
    house.backfill(meter)
    assert house.usage(meter) == {"": 3}


def test_a_failed_backfill_is_started_again_later(house: BackfilledHouse) -> None:
    meter = house.create()
    house.backfills().fail(house.run(meter), "Unavailable")
    failed = house.progress(meter).stepped_at
    assert resume(house, failed + FAILED_AFTER) == []
    assert len(resume(house, failed + FAILED_AFTER + SECOND)) == 1


def test_what_is_complete_or_overtaken_is_left_alone(house: BackfilledHouse) -> None:
    meter = house.create(group_by={"region": "$.region"})
    changed = house.regroup(meter, tier="$.tier")
    late = house.progress(changed).stepped_at + timedelta(days=1)
    assert [told["revision"] for told in resume(house, late)] == [1]
    house.backfill(changed)
    assert resume(house, late + timedelta(days=9)) == []
