"""What CDK gives to all functions that answer requests, together, as the environment of this process."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from meterhouse.platform import aws
from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import PostgresSettings
from tests.integration.held import hang_up_functions

_TASK = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


@contextmanager
def surroundings(
    account: Mapping[str, str],
    postgres: PostgresSettings,
    clickhouse: ClickHouseSettings,
    kafka: KafkaSettings | None = None,
    stripe: str | None = None,
) -> Iterator[None]:
    """What the account has of its own, and where the engines are; without `kafka` and `stripe` nobody asks for them."""
    values = {
        **account,
        **_in_account(_clients(account), postgres, clickhouse),
        "POSTGRES_HOST": postgres.host,
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_DATABASE": postgres.database,
        "POSTGRES_SSLMODE": postgres.sslmode,
        "CLICKHOUSE_URL": clickhouse.url,
        "CLICKHOUSE_DATABASE": clickhouse.database,
        "CHANNEL_SECRETS_PREFIX": "tenancy/channels/",
        "APP_SECRETS_PREFIX": "tenancy/apps/",
        "API_URL": "http://127.0.0.1",
        **({} if kafka is None else _of_kafka(kafka)),
        **({} if stripe is None else {"STRIPE_API_BASE": stripe}),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        aws.forget_secrets()
        yield
    aws.forget_secrets()
    hang_up_functions()


def _in_account(
    cloud: Callable[[str], Any], postgres: PostgresSettings, clickhouse: ClickHouseSettings
) -> dict[str, str]:
    """By names of its own: the account is the whole ring's."""
    name = f"tenancy-{new_id().lower()}"
    secrets = {
        "POSTGRES_SECRET_ARN": {"username": postgres.username, "password": postgres.password},
        "CLICKHOUSE_SECRET_ARN": {"username": clickhouse.username, "password": clickhouse.password},
        "API_KEY_PEPPER_SECRET_ARN": {"pepper": "pepper"},
    }
    kept = {variable: _kept(cloud, f"{name}/{variable}", value) for variable, value in secrets.items()}
    cloud("s3").create_bucket(Bucket=name)
    workflow = cloud("stepfunctions").create_state_machine(
        name=name, roleArn="arn:aws:iam::000000000000:role/any", definition=_TASK
    )["stateMachineArn"]
    return kept | {"INVOICE_DOCUMENTS_BUCKET": name, "BACKTEST_WORKFLOW_ARN": workflow}


def _of_kafka(kafka: KafkaSettings) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_EVENTS_TOPIC": kafka.events_topic,
        "KAFKA_DEAD_LETTER_TOPIC": kafka.dead_letter_topic,
        "KAFKA_CONSUMER_GROUP": kafka.consumer_group,
        "KAFKA_SECURITY_PROTOCOL": kafka.security_protocol,
    }


def _clients(account: Mapping[str, str]) -> Callable[[str], Any]:
    return lambda service: boto3.client(
        service,
        endpoint_url=account["AWS_ENDPOINT_URL"],
        region_name=account["AWS_REGION"],
        aws_access_key_id=account["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=account["AWS_SECRET_ACCESS_KEY"],
    )


def _kept(cloud: Callable[[str], Any], name: str, value: Mapping[str, str]) -> str:
    kept: str = cloud("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    return kept
