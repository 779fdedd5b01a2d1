"""The functions of backfills as they are composed: only where their stores are is set by the test."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.backfill_meter import handler as backfill
from functions.resume_backfills import handler as resume
from meterhouse.kernel.errors import InvalidInput, NotFound
from meterhouse.metering.backfill import BackfillStatus
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.backfilled import BackfilledHouse
from tests.integration.metering.house import call
from tests.unit.platform.requests import CONTEXT


@pytest.fixture
def house(
    composed: Callable[..., None], usage_store: ClickHouse, database: Database, namespace: str
) -> BackfilledHouse:
    composed(backfill, resume)
    return BackfilledHouse(namespace, usage_store, database=database)


def task(house: BackfilledHouse, meter_id: str) -> dict[str, Any]:
    return {"namespace": house.namespace, "meterId": meter_id, "revision": 0}


def test_a_task_reads_earlier_events_to_the_end_and_tells_who_balances_usage(house: BackfilledHouse) -> None:
    house.sink(call("1", 4), call("2", 5, subject="bob"))
    meter = house.create()
    assert backfill.handler(task(house, meter.id), CONTEXT) == {"complete": True}
    assert house.usage(meter, "subject") == {"alice": 4, "bob": 5}
    with house.database.transaction(house.namespace) as transaction:
        [told] = transaction.fetch_all("SELECT data FROM outbox WHERE type = 'usage.ingested'")
    assert [usage["subject"] for usage in told["data"]["usage"]] == ["alice", "bob"]


def test_a_task_with_a_problem_records_it(house: BackfilledHouse) -> None:
    meter = house.create()
    backfill.handler(task(house, meter.id) | {"problem": "Unavailable"}, CONTEXT)
    assert house.progress(meter).status is BackfillStatus.FAILED


def test_a_task_without_its_ids_is_refused(house: BackfilledHouse) -> None:
    with pytest.raises(InvalidInput):
        backfill.handler({"namespace": house.namespace}, CONTEXT)
    with pytest.raises(NotFound):
        backfill.handler(task(house, "nothing"), CONTEXT)


def test_the_clock_finds_what_was_never_started(house: BackfilledHouse) -> None:
    house.create()
    with house.database.transaction(house.namespace) as transaction:
        transaction.execute("UPDATE meter_backfills SET stepped_at = stepped_at - interval '1 day'")
        transaction.commit()
    assert resume.handler({}, CONTEXT)["resumed"] >= 1
    with house.database.transaction(house.namespace) as transaction:
        assert transaction.fetch_all("SELECT 1 FROM outbox WHERE type = 'meter.backfill_stalled'")
