"""Backtests on the deployed house: the demo's plan over January to March, for carriers with few flights."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

import pytest
from rich.progress import Progress

from localstack.demo import offer, proofs
from localstack.demo.__main__ import wait_for_backfills
from localstack.demo.backtests import AFTER_MARCH, backtest, by_key, faults_of
from localstack.demo.client import Client, Refused
from localstack.demo.flights import carriers, departure_event, flights
from localstack.demo.report import invoices_of
from meterhouse.platform.ids import new_id

Eventually = Callable[[Callable[[], object], object], None]
Runs = Callable[[str, str, str], None]
FEW_FLIGHTS = ("AS", "F9", "HA", "YV")
FIRST_QUARTER = ("1", "2", "3")
RUNS = ("2013-02-01T02:00:00Z", "2013-03-01T02:00:00Z", "2013-04-01T02:00:00Z")


def billed(client: Client, customers: Iterable[str]) -> dict[str, Decimal]:
    """By customer, the sum of the issued invoices."""
    return {
        key: sum((Decimal(one["totals"]["total"]) for one in invoices_of(client, client_id)), start=Decimal(0))
        for key, client_id in ((key, client.get(f"/api/v1/customers/{key}")["id"]) for key in customers)
    }


@pytest.fixture(scope="module")
def namespace() -> str:
    return f"backtest-{new_id().lower()}"


@pytest.fixture(scope="module")
def key(new_key: Callable[[str], str], namespace: str) -> str:
    return new_key(namespace)


@pytest.fixture(scope="module")
def client(stack: dict[str, str], key: str) -> Iterator[Client]:
    with closing(Client(stack["METERHOUSE_URL"], key)) as made:
        yield made


@pytest.fixture(scope="module")
def plan_id(
    client: Client, namespace: str, run_invoices: Runs, relayed: Callable[[], None], eventually: Eventually
) -> str:
    """The demo's plan, with three months invoiced of some of its carriers."""
    names = carriers()
    offer.ensure_meters(client)
    plan = offer.ensure_catalog(client)
    for code in FEW_FLIGHTS:
        offer.ensure_customer(client, code, names[code])
    events = [
        departure_event(flight)
        for flight in flights()
        if flight["carrier"] in FEW_FLIGHTS and flight["month"] in (*FIRST_QUARTER, "4")
    ]
    client.post("/api/v1/events", events, "application/cloudevents-batch+json")
    counted = "/api/v1/meters/departures/query"
    eventually(lambda: [row["value"] for row in client.get(counted)["data"]], [len(events)])
    relayed()
    with Progress(disable=True) as bar:
        wait_for_backfills(client, bar)
    for as_of in RUNS:
        run_invoices(f"backtest-{new_id().lower()}", as_of, namespace)
    return plan


def test_the_demo_s_plan_over_january_to_march_reproduces_the_carriers_invoices(client: Client, plan_id: str) -> None:
    found = backtest(client, plan_id)

    invoiced = billed(client, [code.lower() for code in FEW_FLIGHTS])
    assert all(total > 1500 for total in invoiced.values())
    assert faults_of(by_key(found), invoiced) == []
    assert found["customerCounts"]["unchanged"] == len(FEW_FLIGHTS)
    assert (found["totals"]["old"], found["totals"]["difference"]) == (f"{sum(invoiced.values()):f}", "0")
    for row in found["customers"]["items"]:
        path = f"/api/v1/plans/{plan_id}/backtests/{found['id']}/customers/{row['customerId']}"
        lines = client.get(path)["lines"]
        assert len(lines) == 9
        for line in lines:
            assert line["old"]["invoiceId"]
            assert line["old"]["trace"]["hash"] == line["new"]["trace"]["hash"]


def test_asking_again_is_one_backtest_run_by_one_execution(
    client: Client, plan_id: str, cloud: Callable[[str], Any]
) -> None:
    first = backtest(client, plan_id, ["ha"])
    again = backtest(client, plan_id, ["ha"])

    assert again == first
    workflows = cloud("stepfunctions")
    machines = {one["name"]: one["stateMachineArn"] for one in workflows.list_state_machines()["stateMachines"]}
    runs = workflows.list_executions(stateMachineArn=machines["meterhouse-backtest"])["executions"]
    assert [run["status"] for run in runs if run["name"].startswith(first["id"])] == ["SUCCEEDED"]
    listed = client.get(f"/api/v1/plans/{plan_id}/backtests")
    assert [one["id"] for one in listed["items"]].count(first["id"]) == 1


@pytest.mark.usefixtures("plan_id")
def test_a_draft_comes_to_what_its_arithmetic_says(client: Client) -> None:
    draft = offer.ensure_draft(client)
    ids = {code: client.get(f"/api/v1/customers/{code.lower()}")["id"] for code in FEW_FLIGHTS}

    found = backtest(client, draft, list(ids.values()))

    of_march = {"from": "2013-01-01T00:00:00Z", "to": AFTER_MARCH, "windowSize": "MONTH"}
    for code in FEW_FLIGHTS:
        months = client.get("/api/v1/meters/departures/query", **of_march, subject=code)["data"]
        miles = client.get("/api/v1/meters/miles/query", **of_march, subject=code)["data"]
        expected = 3 * 500 + sum(one["value"] for one in months) * Decimal(offer.ONE_PRICE)
        expected += sum(round(Decimal(one["value"]) * Decimal("0.0015") * 100) / Decimal(100) for one in miles)
        assert abs(Decimal(by_key(found)[code.lower()]["new"]) - expected) <= Decimal("0.03")


def test_faults_are_told_all_at_once(client: Client, plan_id: str) -> None:
    asked = {"customers": ["ha", "nobody"], "asOf": "2099-01-01T00:00:00Z"}
    with pytest.raises(Refused) as refusal:
        client.post(f"/api/v1/plans/{plan_id}/backtest", asked)

    assert refusal.value.status == 400
    assert all(part in str(refusal.value) for part in ("/asOf", "/customers/1", "customer_not_found"))
    with pytest.raises(Refused) as refusal:
        client.post("/api/v1/plans/01HZ0000000000000000000000/backtest", {})
    assert refusal.value.status == 404


@pytest.mark.usefixtures("plan_id")
def test_every_invoice_verifies_by_hash_is_explained_by_its_events_and_drawn_once(
    stack: dict[str, str],
    client: Client,
    namespace: str,
    key: str,
    cloud: Callable[[str], Any],
    relayed: Callable[[], None],
    eventually: Eventually,
) -> None:
    first, second, _ = invoices = invoices_of(client, client.get("/api/v1/customers/ha")["id"])
    assert proofs.faults_of(client, invoices) == []
    found = client.get(f"/api/v1/billing/invoices/{first['id']}/diff/{second['id']}")
    difference = Decimal(second["totals"]["total"]) - Decimal(first["totals"]["total"])
    assert Decimal(found["effects"]["total"]) == Decimal(found["difference"]) == difference

    [line] = [line for line in first["lines"] if line.get("featureKey") == "departures"]
    explained = client.get(f"/api/v1/billing/invoices/{first['id']}/lines/{line['id']}/explain", limit=1000)
    flown = {departure_event(one)["id"] for one in flights() if (one["carrier"], one["month"]) == ("HA", "1")}
    assert {one["id"] for one in explained["events"]["items"] if one["counted"]} == flown
    assert Decimal(explained["usage"]["quantity"]) == len(flown)
    assert explained["priceVersion"]["plan"]["key"] == offer.PLAN_KEY

    configuration = cloud("lambda").get_function_configuration(FunctionName="meterhouse-render_invoice")
    bucket = configuration["Environment"]["Variables"]["INVOICE_DOCUMENTS_BUCKET"]
    name = f"{first['id']}/{first['number']}"

    def kept() -> list[str]:
        listed = cloud("s3").list_objects_v2(Bucket=bucket, Prefix=f"{namespace}/{first['id']}").get("Contents", [])
        return sorted(one["Key"].removeprefix(f"{namespace}/") for one in listed)

    relayed()
    eventually(kept, [f"{name}.html", f"{name}.pdf"])
    address = f"{stack['METERHOUSE_URL']}/api/v1/billing/invoices/{first['id']}/document?format=pdf"
    with urlopen(Request(address, headers={"authorization": f"Bearer {key}"})) as answer:  # noqa: S310 - our own stack
        drawn = answer.read()
    assert drawn[:5] == b"%PDF-"
    stored = cloud("s3").get_object(Bucket=bucket, Key=f"{namespace}/{name}.pdf")
    assert stored["Body"].read() == drawn


@pytest.mark.usefixtures("plan_id")
def test_the_command_draws_it(stack: dict[str, str], key: str) -> None:
    words = ("backtest", offer.PLAN_KEY, "--periods", "3", "--as-of", AFTER_MARCH, "--customer", "ha")
    environ = {"METERHOUSE_URL": stack["METERHOUSE_URL"], "METERHOUSE_API_KEY": key, "PYTHONPATH": "shared"}
    program = [sys.executable, "-c", "from meterhouse.cli.app import main; main()", *words]
    ran = subprocess.run(program, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own program

    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert lines[0][:5] == ["customer", "periods", "old", "new", "difference"]
    assert lines[1][:2] == ["ha", "3"]
    assert lines[1][2] == lines[1][3]
    assert lines[1][4] == "0"
