"""The sweep before an invoice run, as it is composed, over the periods that are not invoiced yet."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.sweep_writings import handler as sweep
from meterhouse.billing.for_metering import PostgresOpenPeriods
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse
from tests.integration.billing.conftest import Run
from tests.integration.metering.house import House, call
from tests.integration.metering.test_sink import total
from tests.integration.metering.test_sweep import lose
from tests.unit.platform.requests import CONTEXT
from tests.unit.subscriptions.samples import at


@pytest.fixture(autouse=True)
def _stores(monkeypatch: pytest.MonkeyPatch, composed: Callable[..., None], namespace: str) -> None:
    """Of all namespaces that the ring has left this one alone is walked over: it has hundreds."""
    composed(sweep)
    every = sweep.sweep._namespaces
    monkeypatch.setattr(sweep.sweep, "_namespaces", lambda: [one for one in every() if one == namespace])


def test_open_periods_begin_with_the_earliest_line_that_is_not_invoiced(run: Run) -> None:
    periods = PostgresOpenPeriods(run.database)
    assert periods.earliest(run.namespace) is None
    run.subscribe(run.customer("ann"))
    run.subscribe(run.customer("bob"), start="2024-01-15")
    run.sync(at("2024-01-20"))
    assert periods.earliest(run.namespace) == at("2024-01-01")
    assert periods.earliest("another") is None


def test_a_deleted_meter_s_usage_of_a_line_not_invoiced_yet_is_swept(run: Run, usage_store: ClickHouse) -> None:
    house = House(run.namespace, usage_store)
    meter = house.meter()
    house.sink(call("1", 10, at("2024-01-03")))
    lose(house, call("1", 99, at("2024-01-05")))
    with run.database.transaction(run.namespace) as transaction:
        PostgresMeters(transaction).add(meter)
        PostgresMeters(transaction).update(meter.deleted(house.now()))
        transaction.commit()
    task = {"asOf": "2024-06-01T00:00:00Z"}
    sweep.handler(task, CONTEXT)
    assert total(house, meter) == 109
    run.subscribe(run.customer("ann"))
    run.sync(at("2024-01-20"))
    assert sweep.handler(task, CONTEXT)["superseded"] == 1
    assert total(house, meter) == 10
    assert sweep.handler(task, CONTEXT) == {"superseded": 0}


def test_nothing_to_come_is_swept() -> None:
    for task in ({}, {"asOf": format_rfc3339(clock.now() + timedelta(days=1))}):
        with pytest.raises(InvalidInput):
            sweep.handler(task, CONTEXT)
