"""The scheduled audit: what it tells CloudWatch of all namespaces, and whom it names."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.audit_events import handler as module
from meterhouse.metering.audit_events import AuditEvents
from meterhouse.metering.clickhouse_conservation import ClickHouseConservation
from meterhouse.metering.conservation import Account
from tests.integration.metering.house import T0, call
from tests.integration.metering.log_house import LogHouse
from tests.unit.platform.requests import CONTEXT

HOUR = timedelta(hours=1)


def audited(logged: LogHouse, *namespaces: str) -> tuple[Account, list[str]]:
    named: list[str] = []
    walked = SimpleNamespace(witnessed=lambda _: namespaces or [logged.namespace])
    audit = AuditEvents(logged.account, walked, lambda name, _: named.append(name), lambda: logged.at)
    return audit(), named


def test_the_audit_adds_up_the_last_hours_of_every_namespace(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("0"), at=T0 - 4 * HOUR)
    logged.ingest(call("1"), call("1", 2), at=T0 - 2 * HOUR)
    logged.producer.send(logged.settings.events_topic, b"stranger", b"x", {"events": "5"}, int(T0.timestamp() * 1000))
    logged.sink()
    logged.ingest(call("3"))
    found, named = audited(logged, logged.namespace, "stranger")
    assert found == Account(accepted=8, counted=1, conflict=1, dead=5, pending=1)
    assert named == []


def test_a_namespace_that_something_is_missing_in_is_named(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"), call("2"))
    logged.sink()
    logged.house.store.command(
        "DELETE FROM event_writings WHERE namespace = {n:String} AND id = '1'", {"n": logged.namespace}
    )
    found, named = audited(logged, "nobody", logged.namespace)
    assert (found.astray, found.unexplained, named) == (1, 1, [logged.namespace])


def test_namespaces_are_those_of_the_log_and_those_of_the_store(logged: LogHouse) -> None:
    period = AuditEvents.period(T0)
    conservation = ClickHouseConservation(logged.house.store)
    logged.ingest(call("1"))
    assert logged.namespace not in conservation.witnessed(period)
    logged.totals()
    assert logged.namespace in conservation.witnessed(period)
    logged.house.store.command("DELETE FROM accepted_records WHERE namespace = {n:String}", {"n": logged.namespace})
    assert logged.namespace not in conservation.witnessed(period)
    logged.sink()
    assert logged.namespace in conservation.witnessed(period)
    assert logged.namespace not in conservation.witnessed(AuditEvents.period(T0 + 5 * HOUR))


def test_the_function_counts_what_the_alarm_and_the_dashboard_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Account(accepted=9, counted=1, conflict=2, dead=3, pending=4, astray=1)
    monkeypatch.setattr(module, "audit", lambda: found)
    numbers = {
        "EventsAccepted": 9,
        "EventsUnexplained": 1,
        "EventsConflicting": 2,
        "EventsDead": 3,
        "EventsPending": 4,
    }
    assert module.handler({}, CONTEXT) == numbers
    lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = {name: line[name] for line in lines if "_aws" in line for name in numbers.keys() & line.keys()}
    assert {name: sum(values) for name, values in counted.items()} == numbers
