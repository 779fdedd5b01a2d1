"""The functions as they are composed: only where their stores are is set by the test."""

import json
from collections.abc import Callable

import pytest

from functions.audit_events import handler as audit
from functions.inspect_events import handler as inspect
from meterhouse.platform import clock
from tests.integration.metering.house import call
from tests.integration.metering.log_house import LogHouse
from tests.unit.platform.requests import CONTEXT, request

LETTER = "/api/v1/debug/dead-letters/{letterId}"


@pytest.fixture(autouse=True)
def _stores(logged: LogHouse, monkeypatch: pytest.MonkeyPatch, composed: Callable[..., None]) -> None:
    kafka = logged.settings
    for name, value in {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": kafka.security_protocol,
        "KAFKA_EVENTS_TOPIC": kafka.events_topic,
        "KAFKA_DEAD_LETTER_TOPIC": kafka.dead_letter_topic,
        "KAFKA_CONSUMER_GROUP": kafka.consumer_group,
    }.items():
        monkeypatch.setenv(name, value)
    composed(audit, inspect)


def test_what_was_just_accepted_stored_and_buried_is_inspected_replayed_and_audited(logged: LogHouse) -> None:
    logged.ingest(call("1"), call("1", 2), at=clock.now())
    logged.producer.send(logged.settings.events_topic, logged.namespace.encode(), b"poison")
    logged.sink()
    logged.ingest(call("2"), at=clock.now())

    asked = request("GET", "/api/v1/debug/conservation", namespace=logged.namespace)
    totals = json.loads(inspect.handler(asked, CONTEXT)["body"])["totals"]
    numbers = {"accepted": 4, "unmatched": 1, "conflict": 1, "dead": 1, "pending": 1, "unexplained": 0}
    assert totals.items() >= numbers.items()

    traced = request("GET", "/api/v1/debug/event", query="source=test&id=1", namespace=logged.namespace)
    answer = json.loads(inspect.handler(traced, CONTEXT)["body"])
    roles = [writing["role"] for writing in answer["writings"]]
    assert (answer["stage"], roles, answer["pendingRecords"]) == ("unmatched", ["first", "conflict"], 1)

    listed = request("GET", "/api/v1/debug/dead-letters", namespace=logged.namespace)
    [letter] = json.loads(inspect.handler(listed, CONTEXT)["body"])["items"]
    path = f"/api/v1/debug/dead-letters/{letter['id']}/replay"
    replay = request(
        "POST", path, namespace=logged.namespace, route=f"{LETTER}/replay", parameters={"letterId": letter["id"]}
    )
    replayed = inspect.handler(replay, CONTEXT)
    assert (replayed["statusCode"], json.loads(replayed["body"])["preview"]) == (200, "poison")

    found = audit.handler({}, CONTEXT)
    assert found["EventsAccepted"] >= 5
    assert found["EventsPending"] >= 2
