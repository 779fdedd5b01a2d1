"""The table that limits and quotas are counted in, at the emulator: fixtures for who counts."""

from collections.abc import Callable, Mapping

import pytest

from localstack.aws import aws_client
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.ids import new_id


@pytest.fixture(scope="module")
def table(aws_account: Mapping[str, str]) -> str:
    name = f"limits-{new_id().lower()}"
    aws_client("dynamodb", aws_account).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


Item = Callable[[str], Mapping[str, Mapping[str, str]]]


@pytest.fixture
def item(table: str, aws_account: Mapping[str, str]) -> Item:
    """An item of the table as it lies there."""
    dynamodb = aws_client("dynamodb", aws_account)

    def read(name: str) -> Mapping[str, Mapping[str, str]]:
        found: Mapping[str, Mapping[str, str]] = dynamodb.get_item(TableName=table, Key={"name": {"S": name}})["Item"]
        return found

    return read


@pytest.fixture
def counts(table: str, aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> DynamoCounts:
    for name, value in {**aws_account, "LIMITS_TABLE": table}.items():
        monkeypatch.setenv(name, value)
    # how long a request waits for its count is not what is tried here, and the emulator shares a busy machine
    monkeypatch.setattr("meterhouse.platform.dynamodb._PATIENCE_SECONDS", 60)
    return DynamoCounts()
