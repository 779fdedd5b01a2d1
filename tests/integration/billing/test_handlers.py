"""The functions as they are composed: only where their stores are is set by the test."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions.advance_invoices import handler as advance
from functions.bill_customers import handler as bill
from functions.collect_invoices import handler as collect
from functions.list_customer_batches import handler as batches
from functions.manage_invoices import handler as manage
from functions.sync_subscriptions import handler as sync
from meterhouse.billing.run_sizes import BATCH_SIZE, PAGE_SIZE
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform import clock
from tests.integration.billing.conftest import Run
from tests.integration.billing.test_top_ups import GIFT, Tap
from tests.unit.billing.samples import NOW
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import fee

AS_OF = "2024-02-01T02:00:00Z"


@pytest.fixture(autouse=True)
def _stores(monkeypatch: pytest.MonkeyPatch, composed: Callable[..., None]) -> None:
    composed(batches, bill, sync, collect, advance, manage)
    monkeypatch.setenv(BATCH_SIZE, "500")
    monkeypatch.setenv(PAGE_SIZE, "400")


def invoices(run: Run) -> list[dict[str, Any]]:
    query = "statuses=draft&statuses=paid"
    answer = manage.handler(request("GET", "/api/v1/billing/invoices", query=query, namespace=run.namespace), CONTEXT)
    found: list[dict[str, Any]] = json.loads(answer["body"])["items"]
    return found


def all_batches(**sizes: int) -> Iterator[dict[str, Any]]:
    """Page by page, as the workflow asks for them."""
    run = {"asOf": AS_OF, **sizes}
    page = batches.handler({"asOf": AS_OF, "after": None, "run": run}, CONTEXT)
    yield from page["batches"]
    while page["after"] is not None:
        page = batches.handler({"asOf": AS_OF, "after": page["after"], "run": run}, CONTEXT)
        yield from page["batches"]


def test_the_workflows_tasks_bill_the_customers_from_the_list_of_batches_to_paid(run: Run) -> None:
    customer = run.customer("ann")
    run.subscribe(customer)
    [batch] = [one for one in all_batches() if one["namespace"] == run.namespace]
    task = json.loads(json.dumps({"asOf": AS_OF, "batch": batch}))

    answers = [function.handler(task, CONTEXT) for function in (sync, collect, advance)]
    assert [answer["succeeded"] for answer in answers] == [1, 0, 0]
    assert answers[1]["failed"][0]["customerId"] == customer
    [invalid] = invoices(run)
    assert [issue["code"] for issue in invalid["validationIssues"]] == ["usage_not_readable"]

    meter = new_meter(run.meter_id, MeterSpec("meter", Aggregation.COUNT, "call", "Calls"), NOW)
    with run.database.transaction(run.namespace) as transaction:
        PostgresMeters(transaction).add(meter)
        transaction.commit()
    assert bill.handler(task, CONTEXT) == {"succeeded": 1, "failed": []}
    [paid] = invoices(run)
    assert (paid["id"], paid["status"], paid["totals"]["total"]) == (invalid["id"], "paid", "40.00")


def test_nothing_new_is_collected_of_who_failed_to_be_synced_and_its_credit_is_topped_up(run: Run) -> None:
    ann, bob = (run.customer(key) for key in ("ann", "bob"))
    for customer in (ann, bob):
        run.subscribe(customer, fee())
    [batch] = [one for one in all_batches() if one["namespace"] == run.namespace]
    task = {"asOf": AS_OF, "batch": batch}
    sync.handler(task, CONTEXT)

    tap = Tap(run, ann)
    tap.put(GIFT)

    assert collect.handler({**task, "failed": [ann]}, CONTEXT) == {"succeeded": 2, "failed": []}
    assert tap.made() == 1
    assert {invoice.customer_id for invoice in run.invoices()} == {bob}
    assert collect.handler({**task, "failed": []}, CONTEXT)["succeeded"] == 2
    assert {invoice.customer_id for invoice in run.invoices()} == {ann, bob}


def test_a_run_that_asks_for_small_batches_lists_each_customer_in_one_of_them(run: Run) -> None:
    customers = sorted(run.customer(name) for name in ("ann", "bob", "cid"))

    ours = [one for one in all_batches(batchSize=2, pageSize=1) if one["namespace"] == run.namespace]

    assert [(one["afterCustomerId"], one["upToCustomerId"]) for one in ours] == [
        ("", customers[1]),
        (customers[1], customers[2]),
    ]


@pytest.mark.parametrize("task", [{}, {"asOf": AS_OF}, {"asOf": "today", "batch": {}}, {"asOf": AS_OF, "batch": "all"}])
def test_a_task_without_its_input_is_refused(task: dict[str, Any]) -> None:
    for function in (bill, sync, collect, advance):
        with pytest.raises(InvalidInput):
            function.handler(task, CONTEXT)


def test_no_task_bills_what_is_to_come(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    batch = {"namespace": run.namespace, "afterCustomerId": None, "upToCustomerId": "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}
    tomorrow = format_rfc3339(clock.now() + timedelta(days=1))
    for function in (batches, bill, sync, collect, advance):
        with pytest.raises(InvalidInput, match="future"):
            function.handler({"asOf": tomorrow, "batch": batch}, CONTEXT)
    assert run.pending() == []
