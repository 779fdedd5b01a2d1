"""Limits counted in DynamoDB, by the emulator, and what a caller sees of them."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from functions.open_namespace import handler as opener
from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from tests.integration.platform.key_house import KeyHouse
from tests.unit.platform.requests import CONTEXT, request

AT = datetime(2026, 3, 1, tzinfo=UTC)
COST = timedelta(milliseconds=10)
TABLE = "limits-of-tests"


@pytest.fixture(scope="module")
def table(aws_account: Mapping[str, str]) -> str:
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=aws_account["AWS_ENDPOINT_URL"],
        region_name=aws_account["AWS_REGION"],
        aws_access_key_id=aws_account["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws_account["AWS_SECRET_ACCESS_KEY"],
    )
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return TABLE


@pytest.fixture
def counts(table: str, aws_account: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> DynamoCounts:
    for name, value in {**aws_account, "LIMITS_TABLE": table}.items():
        monkeypatch.setenv(name, value)
    return DynamoCounts()


@pytest.mark.parametrize("known", [AT - COST, AT + COST])
def test_what_is_used_up_grows_from_now_or_from_where_it_was_whatever_is_known(
    counts: DynamoCounts, known: datetime
) -> None:
    name = new_id()
    assert counts.add(name, 2 * COST, AT, known) == AT + 2 * COST
    assert counts.add(name, COST, AT + COST, known) == AT + 3 * COST
    assert counts.add(name, COST, AT + 9 * COST, known) == AT + 10 * COST


def test_nothing_of_what_many_use_at_once_is_lost(counts: DynamoCounts) -> None:
    name = new_id()
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: counts.add(name, COST, AT, AT), range(32)))
    assert sorted(used) == [AT + n * COST for n in range(1, 33)]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    counts: DynamoCounts, database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyHouse(database, namespace)
    made = keys.make(role="owner", rateLimit={"requestsPerSecond": 1, "burst": 3})
    assert keys.ask("GET", f"/{made['id']}")[1]["rateLimit"] == {"requestsPerSecond": 1, "burst": 3}
    credential = keys.door(made["key"])
    assert credential is not None
    monkeypatch.setattr("meterhouse.platform.clock.now", lambda: AT)
    event = request("POST", "/api/v1/events", "nothing")
    event["requestContext"]["authorizer"]["lambda"] = credential.context()
    # a second environment: it learns what the first admitted
    first, second = (ingest_handler(IngestEvents(NoLog(), lambda: AT), counts) for _ in range(2))
    assert [handler(event, None)["statusCode"] for handler in (first, second, first)] == [400] * 3
    answers = [handler(event, None) for handler in (first, second, second)]
    assert [answer["statusCode"] for answer in answers] == [429, 400, 429]
    assert answers[0]["headers"]["retry-after"] == "1"
    assert json.loads(answers[0]["body"])["detail"] == "more than 1 requests a second, 3 at once"


def test_an_operator_limits_all_keys_of_a_namespace_together_and_lets_them_go(
    database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opener, "database", database)
    keys, new = KeyHouse(database, namespace), f"{namespace}-new"
    made = keys.make()
    opener.handler({"namespace": namespace, "rateLimit": {"requestsPerSecond": 50}}, CONTEXT)
    credential = keys.door(made["key"])
    assert credential is not None
    assert credential.context()["namespaceRate"] == "50/100"
    opener.handler({"namespace": namespace}, CONTEXT)
    credential = keys.door(made["key"])
    assert credential is not None
    assert "namespaceRate" not in credential.context()
    assert opener.handler({"namespace": new}, CONTEXT) == {"namespace": new, "rateLimit": None}
    for order in ({"namespace": "Not Plain"}, {"namespace": new, "rateLimit": {"requestsPerSecond": 0}}):
        with pytest.raises(InvalidInput):
            opener.handler(order, CONTEXT)


class NoLog:
    def append(self, *_: object) -> None:
        raise AssertionError("nothing is to be written")
