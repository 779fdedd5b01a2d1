"""The whole house in this process: every function that answers requests, on the ring's own servers."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest

from meterhouse.platform import aws
from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.postgres import PostgresSettings
from tests.integration.tenancy.house import House

_TASK = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


@pytest.fixture(scope="module")
def environment(
    aws_account: Mapping[str, str],
    database_settings: PostgresSettings,
    usage_store_settings: ClickHouseSettings,
) -> Iterator[None]:
    """What CDK gives to all of these functions together."""
    postgres, clickhouse = database_settings, usage_store_settings
    secrets = {
        "POSTGRES_SECRET_ARN": {"username": postgres.username, "password": postgres.password},
        "CLICKHOUSE_SECRET_ARN": {"username": clickhouse.username, "password": clickhouse.password},
        "API_KEY_PEPPER_SECRET_ARN": {"pepper": "pepper"},
    }
    cloud = _clients(aws_account)
    cloud("s3").create_bucket(Bucket="tenancy-documents")
    workflow = cloud("stepfunctions").create_state_machine(
        name="tenancy", roleArn="arn:aws:iam::000000000000:role/any", definition=_TASK
    )["stateMachineArn"]
    values = {
        **aws_account,
        **{name: _kept(cloud, name, value) for name, value in secrets.items()},
        "POSTGRES_HOST": postgres.host,
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_DATABASE": postgres.database,
        "POSTGRES_SSLMODE": postgres.sslmode,
        "CLICKHOUSE_URL": clickhouse.url,
        "CHANNEL_SECRETS_PREFIX": "tenancy/channels/",
        "APP_SECRETS_PREFIX": "tenancy/apps/",
        "INVOICE_DOCUMENTS_BUCKET": "tenancy-documents",
        "BACKTEST_WORKFLOW_ARN": workflow,
        "API_URL": "http://127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        aws.forget_secrets()
        yield
    aws.forget_secrets()


@pytest.fixture(scope="module")
def new_house(environment: None, new_namespace: Callable[[], str]) -> Callable[[], House]:
    assert environment is None
    return lambda: House(new_namespace())


def _clients(account: Mapping[str, str]) -> Callable[[str], Any]:
    return lambda service: boto3.client(
        service,
        endpoint_url=account["AWS_ENDPOINT_URL"],
        region_name=account["AWS_REGION"],
        aws_access_key_id=account["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=account["AWS_SECRET_ACCESS_KEY"],
    )


def _kept(cloud: Callable[[str], Any], name: str, value: Mapping[str, str]) -> str:
    kept: str = cloud("secretsmanager").create_secret(Name=f"tenancy/{name}", SecretString=json.dumps(value))["ARN"]
    return kept
