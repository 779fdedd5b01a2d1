"""The functions of this floor, run as Lambda runs them, over real stores."""

from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from functions.authorize_request import handler as authorizer
from functions.issue_api_key import handler as issuer
from functions.migrate_databases.handler import handler as migrate_databases
from functions.relay_outbox import handler as relay
from localstack.fixtures import KafkaServer
from meterhouse.kernel.errors import InvalidInput, Unavailable
from meterhouse.platform import aws, clock
from meterhouse.platform.ids import new_id
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database
from tests.integration.platform.aws_double import AwsDouble
from tests.unit.platform.requests import CONTEXT

DENIED = {"isAuthorized": False, "context": {}}


def authorize(key: str | None) -> dict[str, Any]:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return authorizer.handler({"type": "REQUEST", "headers": headers}, CONTEXT)


@pytest.fixture
def migrated(deployment: AwsDouble) -> AwsDouble:
    migrate_databases({}, CONTEXT)
    return deployment


def custom_resource_event(deployment: AwsDouble, kind: str) -> dict[str, str]:
    return {
        "RequestType": kind,
        "ResponseURL": f"{deployment.url}/answer?signature=x",
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "Migrations",
    }


def test_a_deployment_migrates_creates_topics_and_opens_the_first_key(
    deployment: AwsDouble, kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {name: f"{name.lower()}-{new_id()}" for name in ("KAFKA_EVENTS_TOPIC", "KAFKA_DEAD_LETTER_TOPIC")}
    for variable, topic in wanted.items():
        monkeypatch.setenv(variable, topic)
    deployment.secrets["bootstrap"] = {"namespace": "default", "name": "bootstrap", "key": "mh_first"}
    assert authorize("mh_first") == DENIED
    done = migrate_databases({}, CONTEXT)
    assert sorted(done["topics"]) == sorted(wanted.values())
    topics = AdminClient({"bootstrap.servers": kafka_server.bootstrap_servers}).list_topics(timeout=60).topics
    assert len(topics[wanted["KAFKA_EVENTS_TOPIC"]].partitions) == 6
    answer = authorize("mh_first")
    assert answer["isAuthorized"]
    assert migrate_databases({}, CONTEXT) == {"postgres": [], "clickhouse": [], "topics": []}
    assert authorize("mh_first") == answer
    issuer.handler({"namespace": "default", "revoke": answer["context"]["keyId"]}, CONTEXT)
    migrate_databases({}, CONTEXT)
    assert authorize("mh_first") == DENIED, "the next deployment does not open it again"


@pytest.mark.usefixtures("migrated")
def test_a_deployment_sets_how_long_events_are_kept_and_ends_it_without_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVENTS_RETENTION_DAYS", "90")
    assert migrate_databases({}, CONTEXT)["clickhouse"] == ["events kept 90 days"]
    monkeypatch.delenv("EVENTS_RETENTION_DAYS")
    assert migrate_databases({}, CONTEXT)["clickhouse"] == ["events kept for ever"]
    assert migrate_databases({}, CONTEXT)["clickhouse"] == []


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_cloudformation_is_told_of_success(migrated: AwsDouble, kind: str) -> None:
    migrate_databases(custom_resource_event(migrated, kind), CONTEXT)
    assert migrated.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "meterhouse-databases",
            "StackId": "stack-1",
            "RequestId": "request-1",
            "LogicalResourceId": "Migrations",
        }
    ]


def test_cloudformation_is_told_of_failure_and_the_function_ends_well(migrated: AwsDouble) -> None:
    migrated.secrets["owner"] = {"username": "nobody", "password": "hidden"}
    aws.forget_secrets()
    migrate_databases(custom_resource_event(migrated, "Update"), CONTEXT)
    assert migrated.answers[0]["Status"] == "FAILED"
    assert migrated.answers[0]["Reason"] == "the database refuses the password"


def test_deleting_the_resource_touches_no_database(migrated: AwsDouble) -> None:
    migrated.secrets.clear()
    migrate_databases(custom_resource_event(migrated, "Delete"), CONTEXT)
    assert migrated.answers[0]["Status"] == "SUCCESS"


@pytest.mark.parametrize("key", [None, "", "mh_unknown", "mh_bootstrap extra"])
def test_an_unknown_key_is_not_authorised(migrated: AwsDouble, key: str | None) -> None:
    assert migrated
    assert authorize(key) == DENIED


def test_another_scheme_than_bearer_is_not_authorised(migrated: AwsDouble) -> None:
    assert migrated
    assert authorizer.handler({"headers": {"authorization": "Basic mh_bootstrap"}}, CONTEXT) == DENIED


def test_no_database_is_never_an_answer(migrated: AwsDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    assert migrated
    monkeypatch.setenv("POSTGRES_PORT", "1")
    authorizer.credentials._database.close()
    with pytest.raises(Unavailable):
        authorize("mh_bootstrap")


def test_an_operator_issues_a_key_and_revokes_it(migrated: AwsDouble, namespace: str) -> None:
    assert migrated
    issued = issuer.handler({"namespace": namespace, "name": "ci"}, CONTEXT)
    context = {"namespace": namespace, "keyId": issued["keyId"], "scopes": "*"}
    assert authorize(issued["key"]) == {"isAuthorized": True, "context": context}
    reader = issuer.handler({"namespace": namespace, "name": "bi", "role": "read-only"}, CONTEXT)
    assert "usage:read" in str(authorize(reader["key"])["context"])
    assert issuer.handler({"namespace": namespace, "revoke": issued["keyId"]}, CONTEXT) == {"revoked": True}
    assert authorize(issued["key"]) == DENIED


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"namespace": "default"},
        {"namespace": "Not Plain", "name": "a"},
        {"namespace": "default", "name": "a", "role": "king"},
    ],
)
def test_an_incomplete_order_for_a_key_is_refused(migrated: AwsDouble, event: dict[str, str]) -> None:
    assert migrated
    with pytest.raises(InvalidInput):
        issuer.handler(event, CONTEXT)


def test_domain_events_reach_the_bus(migrated: AwsDouble, database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.publish(DomainEvent(new_id(), "thing.done", "thing/1", clock.now(), {"n": 1}))
        transaction.commit()
    assert relay.handler({}, CONTEXT)["published"] >= 1
    sent = [entry for entry in migrated.events if namespace in entry["Detail"]]
    assert [(entry["EventBusName"], entry["Source"], entry["DetailType"]) for entry in sent] == [
        ("meterhouse", "meterhouse", "thing.done")
    ]


def test_events_the_bus_refuses_are_sent_again(migrated: AwsDouble, database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.publish(DomainEvent(new_id(), "thing.done", "thing/1", clock.now(), {"n": 1}))
        transaction.commit()
    migrated.refused = 1
    with pytest.raises(Unavailable, match="refused 1"):
        relay.handler({}, CONTEXT)
    migrated.refused = 0
    relay.handler({}, CONTEXT)
    assert len({entry["Detail"] for entry in migrated.events if namespace in entry["Detail"]}) == 1
