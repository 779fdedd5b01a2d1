"""The invoice run on the deployed house where its customers fill more than one page."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from decimal import Decimal
from typing import Any

import pytest

from localstack.demo.client import Client
from localstack.demo.report import invoices_of
from meterhouse.platform.ids import new_id

AS_OF = "2024-02-01T02:00:00Z"
CUSTOMERS = 5
FEE = {
    "type": "flat_fee",
    "key": "fee",
    "name": "Fee",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "20", "paymentTerm": "in_arrears"},
}
PLAN = {
    "name": "Own",
    "currency": "USD",
    "billingCadence": "P1M",
    "phases": [{"key": "only", "name": "Only", "duration": None, "rateCards": [FEE]}],
}


@pytest.fixture
def namespace() -> str:
    return f"pages-{new_id().lower()}"


@pytest.fixture
def client(stack: dict[str, str], new_key: Callable[[str], str], namespace: str) -> Iterator[Client]:
    with closing(Client(stack["METERHOUSE_URL"], new_key(namespace))) as made:
        yield made


def subscribed(client: Client, key: str) -> str:
    """A customer who owes 20 USD for January 2024."""
    customer: str = client.post("/api/v1/customers", {"name": key, "key": key, "currency": "USD"})["id"]
    agreed = {"customerId": customer, "customPlan": PLAN, "timing": "2024-01-01T00:00:00Z"}
    client.post("/api/v1/subscriptions", agreed)
    return customer


def test_a_run_of_several_pages_that_is_started_twice_bills_every_customer_once(
    client: Client, namespace: str, stack: dict[str, str], cloud: Callable[[str], Any]
) -> None:
    customers = [subscribed(client, f"customer-{number}") for number in range(CUSTOMERS)]
    workflows, name = cloud("stepfunctions"), f"pages-{new_id().lower()}"
    asked = json.dumps({"asOf": AS_OF, "batchSize": 2, "pageSize": 1})

    def start() -> str:
        begun = workflows.start_execution(stateMachineArn=stack["INVOICE_RUN_ARN"], name=name, input=asked)
        arn: str = begun["executionArn"]
        return arn

    arn = start()
    # what AWS says where the first has ended meanwhile, and the emulator always
    with suppress(workflows.exceptions.ExecutionAlreadyExists):
        assert start() == arn
    while workflows.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.2)

    pages = pages_of(workflows, arn)
    ours = [[one for one in page if one["batch"]["namespace"] == namespace] for page in pages]
    assert [len(page) for page in pages] == [1] * len(pages)
    assert [one["complete"] for page in ours for one in page] == [True] * 3
    assert len(runs_named(workflows, stack["INVOICE_RUN_ARN"], name)) == 1
    billed = {one: invoices_of(client, one) for one in customers}
    assert [[Decimal(each["totals"]["total"]) for each in billed[one]] for one in customers] == [[20]] * CUSTOMERS
    assert {each["status"] for found in billed.values() for each in found} == {"paid"}


def pages_of(workflows: Any, arn: str) -> list[list[dict[str, Any]]]:
    """What a run tells of each of its batches, by page; one without a batch is none."""
    history = workflows.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = (event for part in history for event in part["events"] if event["type"] == "MapStateExited")
    told = (json.loads(event["stateExitedEventDetails"]["output"])["billed"] for event in events)
    return [page for page in told if page]


def runs_named(workflows: Any, machine: str, name: str) -> list[str]:
    pages = workflows.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return [one["name"] for page in pages for one in page["executions"] if one["name"] == name]
