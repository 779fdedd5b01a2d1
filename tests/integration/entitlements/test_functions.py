"""Reservations, the balance worker and the announcements as their functions are composed, on the real stores."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.announce_grants import handler as announce
from functions.evaluate_balances import handler as evaluate
from functions.list_grant_batches import handler as batches
from functions.reserve_usage import handler as reserve
from functions.sweep_entitlements import handler as sweep
from localstack.fixtures import KafkaServer
from meterhouse.entitlements.entitlement import Allowance, Entitlement, floor_minute
from meterhouse.entitlements.grant import Recurrence
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.record import decode_record
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database
from tests.integration.entitlements.room import Room
from tests.integration.entitlements.till import Till, path
from tests.integration.entitlements.watch import sqs_record
from tests.integration.metering.test_kafka import records, settings_of
from tests.unit.platform.requests import CONTEXT, request

HOUR = timedelta(hours=1)
HOURLY = Cadence.parse("PT1H")


@pytest.fixture
def log(kafka_server: KafkaServer) -> KafkaSettings:
    return settings_of(kafka_server)


@pytest.fixture(autouse=True)
def _stores(monkeypatch: pytest.MonkeyPatch, composed: Callable[..., None], log: KafkaSettings) -> None:
    composed(announce, batches, evaluate, reserve, sweep)
    monkeypatch.setattr(evaluate.log, "_settings", lambda: log)


@pytest.fixture
def till(database: Database, namespace: str, usage_store: ClickHouse) -> Till:
    return Till(Room(database, namespace), usage_store, now=clock.now())


@pytest.fixture
def mine(till: Till) -> Entitlement:
    """A hundred units an hour, half an hour away from now, measured for more than a day: a snapshot can be kept."""
    start = floor_minute(till.now) - 30.5 * HOUR
    periods = UsagePeriods(Cadence.parse("P1M"), start, start)
    entitlement = till.room.entitled(till.room.customer(), active_from=start, allowance=Allowance(periods))
    till.room.granted(entitlement, effective_at=start, recurrence=Recurrence(HOURLY, start))
    return entitlement


def post(till: Till, place: str, body: object) -> dict[str, Any]:
    headers = {"content-type": "application/json", "idempotency-key": new_id()}
    answer = reserve.handler(request("POST", place, body, headers=headers, namespace=till.room.namespace), CONTEXT)
    assert answer["statusCode"] < 300, answer
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def deliver(till: Till, kind: str, data: object) -> dict[str, Any]:
    detail = {"namespace": till.room.namespace, "id": new_id(), "type": kind, "data": data}
    event = {"source": "meterhouse", "detail-type": kind, "detail": detail}
    return evaluate.handler({"Records": [sqs_record("1", event, clock.now())]}, CONTEXT)


def test_a_reservation_is_settled_told_of_and_put_on_the_log_as_usage(
    till: Till, mine: Entitlement, log: KafkaSettings
) -> None:
    held = post(till, path(), {"amount": "60"})
    post(till, f"{path()}/{held['id']}/settle", {"amount": "55.5", "data": {"model": "a"}})

    assert deliver(till, "reservation.settled", {"entitlementId": mine.id}) == {"batchItemFailures": []}

    [message] = records(log, log.events_topic)
    record = decode_record(message.value())
    assert (record.namespace, dict(message.headers())["events"]) == (till.room.namespace, b"1")
    [event] = record.events
    assert (event.id, event.source, event.subject) == (held["id"], "meterhouse/reservations", "acme")
    assert json.loads(bytes(event.data), parse_float=Decimal) == {"model": "a", "tokens": Decimal("55.5")}
    [told] = till.room.told("entitlement.threshold_crossed")
    assert told["data"]["threshold"] == {"type": "usage_percentage", "value": "50"}


def test_the_worker_keeps_snapshots_of_what_it_reckoned(till: Till, mine: Entitlement) -> None:
    deliver(till, "grant.created", {"entitlementId": mine.id})

    kept = till.room.rows("SELECT entitlement_id FROM balance_snapshots WHERE namespace = %(namespace)s")
    assert [row["entitlement_id"] for row in kept] == [mine.id]


def test_what_the_worker_cannot_read_is_delivered_again(till: Till) -> None:
    assert deliver(till, "grant.created", {}) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_the_clock_announces_what_is_due(till: Till, mine: Entitlement) -> None:
    deliver(till, "entitlement.created", {"entitlementId": mine.id})
    till.room.write(lambda at: at.execute("UPDATE balance_evaluations SET due_at = due_at - interval '1 day'"))

    assert sweep.handler({}, CONTEXT)["due"] >= 1

    [told] = till.room.told("entitlement.came_due")
    assert told["data"] == {"entitlementIds": [mine.id]}


def test_the_workflows_tasks_tell_what_came_to_pass(till: Till, mine: Entitlement) -> None:
    since = {"at": till.now - 5 * HOUR}
    till.room.write(lambda at: at.execute("UPDATE namespaces SET created_at = %(at)s", since))

    listed = batches.handler({}, CONTEXT)["batches"]
    [batch] = [one for one in listed if one["namespace"] == till.room.namespace]
    told = announce.handler({"batch": json.loads(json.dumps(batch))}, CONTEXT)["told"]
    done = announce.handler({"outcomes": [{"batch": batch, "told": told, "complete": True}]}, CONTEXT)

    assert done == {"complete": True}
    assert told == 5
    assert len(till.room.told("grant.issued")) == told
    assert {row["data"]["entitlementId"] for row in till.room.told("grant.issued")} == {mine.id}
    listed = batches.handler({}, CONTEXT)["batches"]
    # the clock may have come to the next minute
    again = [one for one in listed if one["namespace"] == till.room.namespace and one["after"] < batch["until"]]
    assert again == []
