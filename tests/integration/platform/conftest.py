from collections.abc import Callable, Iterator

import pytest

from functions.authorize_request import handler as authorizer
from functions.issue_api_key import handler as issue_api_key
from functions.relay_outbox import handler as relay
from localstack.fixtures import ClickHouseServer, KafkaServer
from meterhouse.platform import aws
from meterhouse.platform.claims import Trust
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.oidc import People
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.platform.aws_double import AwsDouble, running_aws_double
from tests.integration.platform.door import Door
from tests.issuer import AUDIENCE, Issuer, running_issuer


@pytest.fixture
def aws_double(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsDouble]:
    aws.forget_secrets()
    with running_aws_double() as double:
        monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield double
    aws.forget_secrets()


@pytest.fixture
def deployment(
    aws_double: AwsDouble,
    owner_settings: PostgresSettings,
    database_settings: PostgresSettings,
    clickhouse_server: ClickHouseServer,
    kafka_server: KafkaServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[AwsDouble]:
    """The environment and secrets of a deployed function, over this ring's servers."""
    usage_store, application = clickhouse_server, database_settings
    aws_double.secrets |= {
        "owner": {"username": owner_settings.username, "password": owner_settings.password},
        "app": {"username": application.username, "password": application.password},
        "usage": {"username": usage_store.username, "password": usage_store.password},
        "pepper": {"pepper": "pepper"},
        "bootstrap": {"namespace": "default", "name": "bootstrap", "key": "mh_bootstrap"},
    }
    environment = {
        "POSTGRES_HOST": application.host,
        "POSTGRES_PORT": str(application.port),
        "POSTGRES_DATABASE": application.database,
        "POSTGRES_SSLMODE": application.sslmode,
        "POSTGRES_SECRET_ARN": "app",
        "POSTGRES_OWNER_SECRET_ARN": "owner",
        "API_KEY_PEPPER_SECRET_ARN": "pepper",
        "BOOTSTRAP_API_KEY_SECRET_ARN": "bootstrap",
        "CLICKHOUSE_URL": usage_store.url,
        "CLICKHOUSE_DATABASE": "meterhouse",
        "CLICKHOUSE_SECRET_ARN": "usage",
        "KAFKA_BOOTSTRAP_SERVERS": kafka_server.bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "KAFKA_EVENTS_TOPIC": "meterhouse.events",
        "KAFKA_DEAD_LETTER_TOPIC": "meterhouse.events.dead-letter",
        "KAFKA_CONSUMER_GROUP": "meterhouse-sink",
        "EVENT_BUS_NAME": "meterhouse",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield aws_double
    for database in (authorizer.credentials._database, issue_api_key.database, relay.database):
        database.close()


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    # where it is silent it says so at once
    monkeypatch.setattr("meterhouse.platform.signing_keys._PATIENCE_SECONDS", 60)
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def trust(issuer: Issuer, namespace: str) -> Trust:
    return Trust(issuer.url, ("console", AUDIENCE), "role", namespace)


@pytest.fixture
def open_door(database: Database, namespace: str) -> Callable[[Trust | None], Door]:
    add_namespace(database, namespace)

    def open_(trust: Trust | None) -> Door:
        opened = Door(People(database, lambda: trust, lambda: opened.now))
        return opened

    return open_


@pytest.fixture
def door(open_door: Callable[[Trust | None], Door], trust: Trust) -> Door:
    return open_door(trust)
