"""Namespaces whose billing the operator locked: nothing is written, everything is read, and nothing is lost."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.advance_invoices import handler as advance
from functions.bill_customers import handler as bill
from functions.collect_invoices import handler as collect
from functions.sync_subscriptions import handler as sync
from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.ledger.list_expired_credits import ListExpiredCredits
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform.access import route_scopes
from meterhouse.platform.lockdown import LOCKED, writes_billing
from meterhouse.platform.postgres import begins
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, UNKNOWN, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_credit_notes import NOTES, leave, on_its_way
from tests.unit.platform.requests import CONTEXT, matched, request
from tests.unit.subscriptions.samples import fee

AS_OF = "2024-02-01T02:00:00Z"
WRITES = sorted(route for route in route_scopes() if writes_billing(route))


def ask(api: Api, route: str, namespace: str, **headers: str) -> tuple[int, dict[str, Any]]:
    """The answer to a route, asked for things that need not be there."""
    method, _, path = route.partition(" ")
    for name in ("invoiceId", "customerId", "id", "findingId", "creditGrantId", "currency"):
        path = path.replace(f"{{{name}}}", UNKNOWN)
    body: object = None if method in {"GET", "DELETE"} else {}
    given = {"content-type": "application/json"} | headers
    event = request(method, path, body, headers=given, namespace=namespace, **matched(method, path))
    assert event["routeKey"] == route
    answer = api.handler()(event, CONTEXT)
    told: dict[str, Any] = json.loads(answer["body"] or "{}")
    return int(answer["statusCode"]), told


@pytest.mark.parametrize("route", WRITES)
def test_every_route_that_writes_billing_is_refused_and_names_the_namespace(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    monkeypatch.setenv(LOCKED, f"other, {run.namespace}")
    status, problem = ask(api, route, run.namespace, **{"idempotency-key": "once"})
    assert (status, problem["code"]) == (403, "billing_locked")
    assert run.namespace in problem["detail"]
    assert run.rows("SELECT * FROM idempotency_keys WHERE namespace = %(namespace)s") == []


def test_what_is_read_is_read_and_other_namespaces_write_as_ever(
    api: Api, run: Run, other_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    monkeypatch.setenv(LOCKED, run.namespace)
    for read in (f"GET {INVOICES}", f"GET {PROFILES}", "GET /api/v1/billing/credit-notes"):
        assert ask(api, read, run.namespace)[0] == 200
    [invoice] = run.invoices()
    assert api("GET", f"{INVOICES}/{invoice.id}")[0] == 200
    assert ask(api, f"POST {PROFILES}", other_namespace)[0] == 400
    assert ask(api, f"POST {PROFILES}", run.namespace)[0] == 403


@pytest.fixture
def _stores(composed: Callable[..., None]) -> None:
    composed(bill, sync, collect, advance)


@pytest.mark.usefixtures("_stores")
def test_runs_pass_by_say_so_and_bill_the_same_once_it_is_opened(
    run: Run, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refund = on_its_way(run)
    leave(run, refund.customer_id)
    run.subscribe(run.customer("ann"), fee(amount="20"))
    batch = {"namespace": run.namespace, "afterCustomerId": None, "upToCustomerId": "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}
    task, before = {"asOf": AS_OF, "batch": batch}, run.everything()
    monkeypatch.setenv(LOCKED, run.namespace)
    for step in (bill, sync, collect, advance):
        assert step.handler(task, CONTEXT) == {"succeeded": 0, "failed": []}
    assert run.everything() == before
    assert api.ok("GET", f"{NOTES}/{refund.id}")["status"] == "pending"
    said = [one for one in caplog.records if one.message.startswith("billing of the namespace is locked")]
    assert [getattr(one, "namespace", None) for one in said] == [run.namespace] * 4

    monkeypatch.delenv(LOCKED)
    assert bill.handler(task, CONTEXT) == {"succeeded": 2, "failed": []}
    assert api.ok("GET", f"{NOTES}/{refund.id}")["status"] == "issued"
    assert {one.issued_at for one in run.invoices()} == {AFTER_JANUARY}


def test_neither_an_invoice_s_own_workflow_nor_the_expiry_of_credit_writes_where_billing_is_locked(
    run: Run, purse: Purse, monkeypatch: pytest.MonkeyPatch, other_namespace: str
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    run.sync()
    run.collect()
    purse.grant(ann, 5, effective_at=run.now, expires_after="P1M")
    [invoice], before = run.invoices(), run.everything()
    begin = begins(run.database, PostgresBilling)
    drive = DriveInvoice(begin, run.usage, run.apps, Dunning(), lambda: run.now)
    ledger = begins(run.database, PostgresLedgerStore)
    later = run.now + timedelta(days=62)
    expired = ListExpiredCredits(ledger, lambda: [other_namespace, run.namespace], lambda: later)

    monkeypatch.setenv(LOCKED, run.namespace)
    assert drive(run.namespace, invoice.id).document() == {"state": invoice.state.value, "waitsUntil": None}
    assert (expired(), run.everything()) == ([], before)
    monkeypatch.delenv(LOCKED)
    assert [one.namespace for one in expired()] == [run.namespace]
    assert drive(run.namespace, invoice.id).document()["state"] == "paid"
