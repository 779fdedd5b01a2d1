"""The demo's second act: a product made of language models sells tokens, keeps a trial to its limit, sees its margin.

Every run opens a namespace of its own: the thirty days are those before now.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from localstack.aws import aws_client
from localstack.demo import ai_offer
from localstack.demo.alerts import Receiver, receiver
from localstack.demo.client import Client
from localstack.demo.model_calls import DAYS, SEATS, ModelCall, calls_of, price_of, smaller
from meterhouse.client import Client as Meter
from meterhouse.client import Options, WhenFull

SOURCE = "writing-assistant"
ASKED_EVERY = 5
"""Days."""
_MARGIN = ("revenue", "cost", "margin", "marginPercentage")
_PATIENCE_SECONDS = 180
_ANSWERS_WITHIN = 10
_RELAYED_EVERY = 2
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Month:
    """What was called, and how many calls the limit kept out."""

    made: Sequence[ModelCall]
    kept_out: int

    def cost(self, *, customer: str | None = None, model: str | None = None) -> Decimal:
        """What the providers ask for it, reckoned call by call and not by Meterhouse."""
        wanted = (one for one in self.made if customer in {None, one.seat.key} and model in {None, one.model})
        return sum(map(price_of, wanted), Decimal(0))


@dataclass(frozen=True, slots=True)
class Act:
    """What happened: customers by key with their ids, the alerts that came, and each customer's invoices to approve."""

    began: datetime
    trial_calls: int
    customers: Mapping[str, str]
    month: Month
    alerts: Sequence[Mapping[str, Any]]
    refused: int
    drafts: Mapping[str, Sequence[Mapping[str, Any]]]


def start_of(now: datetime) -> datetime:
    """Midnight, so long ago that a month from it is over: none is longer than 31 days."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS + 1)


def run_act(console: Console, stack: Mapping[str, str], api_key: str, now: datetime, bar: Progress) -> list[str]:
    """Thirty days of the product, and what its seller sees; the faults found.

    Args:
        console: where it is told.
        stack: the deployed stack's addresses.
        api_key: of a namespace that is still empty.
        now: the thirty days, and the first period of billing, are over by then.
        bar: where progress is shown.
    """
    client = Client(stack["METERHOUSE_URL"], api_key)
    act = play(client, stack, api_key, now, bar)
    invoices = [approved(client, invoice) for drafts in act.drafts.values() for invoice in drafts]
    faults = _print_trial(console, act)
    faults += _print_margins(console, client, act)
    faults += _print_models(console, client, act)
    _print_pages(console, client, stack["METERHOUSE_URL"], api_key)
    if [invoice["status"] for invoice in invoices] != ["paid"] * len(act.customers):
        faults.append(f"the customers' invoices are {[invoice['status'] for invoice in invoices]}")
    return faults


def play(client: Client, stack: Mapping[str, str], api_key: str, now: datetime, bar: Progress, one_in: int = 1) -> Act:
    """All that happens, as of `run_act`, with `one_in` times fewer calls; the month's invoices wait for approval."""
    began, seats = start_of(now), smaller(one_in)
    _invoke(stack, "sync_llm_prices")
    with receiver() as desk:
        ai_offer.add_catalog(client)
        trial_calls = ai_offer.TRIAL_CALLS // one_in
        customers = {seat.key: ai_offer.add_customer(client, seat, began, trial_calls) for seat in seats}
        desk.secret = ai_offer.add_alert(client, desk.url)
        options = Options(when_full=WhenFull.WAIT, waits=_PATIENCE_SECONDS)
        with Meter(stack["METERHOUSE_URL"], api_key, SOURCE, options) as meter:
            month = _live(client, meter, stack, {seat.key: list(calls_of(seat, began)) for seat in seats}, bar)
        alerts = _alerts(stack, desk, bar)
    _until_read(client)
    drafts = {key: _drafts(client, customer) for key, customer in customers.items()}
    return Act(began, trial_calls, customers, month, alerts, desk.refused, drafts)


def _live(
    client: Client, meter: Meter, stack: Mapping[str, str], calls: Mapping[str, list[ModelCall]], bar: Progress
) -> Month:
    """All calls are made and told of, but those for which the limit leaves no room."""
    task = bar.add_task("calls of models", total=sum(map(len, calls.values())))
    made, kept_out = [], 0
    for key, own in calls.items():
        for first in range(0, DAYS, ASKED_EVERY):
            some = [call for call in own if first <= call.day < first + ASKED_EVERY]
            if key == ai_offer.TRIAL and not meter.access(key, ai_offer.CALLS, within=_ANSWERS_WITHIN, assume=True):
                kept_out += len(some)
            else:
                for call in some:
                    meter.track_openai(call.response, key)
                made += some
                if key == ai_offer.TRIAL:
                    _until_counted(client, meter, key, sum(call.seat.key == key for call in made))
                    _invoke(stack, "relay_outbox")
            bar.advance(task, len(some))
    for key in calls:
        _until_counted(client, meter, key, sum(call.seat.key == key for call in made))
    return Month(made, kept_out)


def _until_counted(client: Client, meter: Meter, subject: str, calls: int) -> None:
    """Until the meter says so, or patience ends: what is missing then, the report finds."""
    meter.flush(_PATIENCE_SECONDS)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    path = f"/api/v1/meters/{ai_offer.CALLS}/query"
    while sum(row["value"] for row in client.get(path, subject=subject)["data"]) < calls:
        if time.monotonic() > deadline:
            return
        time.sleep(_POLL_SECONDS)


def _until_read(client: Client) -> None:
    """Until the meters have read what was stored before them: nothing is billed earlier."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for meter in (ai_offer.CALLS, *ai_offer.TOKENS):
        while client.get(f"/api/v1/meters/{meter}/backfill")["status"] != "complete" and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _alerts(stack: Mapping[str, str], desk: Receiver, bar: Progress) -> list[Any]:
    """The messages that came, once the last threshold was told or patience ends.

    One that was passed between two looks at the balance is not told: a later one says more.
    """
    task = bar.add_task("webhooks received", total=len(ai_offer.THRESHOLDS))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        # else they wait for the minute's schedule
        _invoke(stack, "relay_outbox")
        messages = desk.messages(len(ai_offer.THRESHOLDS), within=_RELAYED_EVERY)
        bar.update(task, completed=len(messages))
        if _thresholds(messages)[-1:] == [*ai_offer.THRESHOLDS[-1:]] or time.monotonic() > deadline:
            bar.update(task, total=len(messages))
            return messages


def _thresholds(alerts: Sequence[Mapping[str, Any]]) -> list[Decimal]:
    return sorted(Decimal(str(alert["data"]["threshold"]["value"])) for alert in alerts)


def _drafts(client: Client, customer: str) -> list[dict[str, Any]]:
    """The customer's invoices, collected: nothing more comes of their time, so nobody waits for it."""
    made = client.post("/api/v1/billing/invoices/invoice", {"customerId": customer})
    return [client.post(f"/api/v1/billing/invoices/{invoice['id']}/snapshot-quantities", {}) for invoice in made]


def approved(client: Client, draft: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice, issued and paid."""
    invoice: dict[str, Any] = client.post(f"/api/v1/billing/invoices/{draft['id']}/approve", {})
    return invoice


def _invoke(stack: Mapping[str, str], function: str) -> None:
    aws_client("lambda", stack).invoke(FunctionName=f"meterhouse-{function}", Payload=b"{}")


def _print_trial(console: Console, act: Act) -> list[str]:
    made = sum(call.seat.key == ai_offer.TRIAL for call in act.month.made)
    console.print(f"\n{ai_offer.TRIAL}'s trial has room for {act.trial_calls} calls. It made {made}, asked again every")
    console.print(f"{ASKED_EVERY} days whether it may, and was then told no: {act.month.kept_out} more were not made.")
    for alert in act.alerts:
        at, value = alert["data"]["threshold"]["value"], alert["data"]["value"]
        console.print(f"  webhook {alert['id']}: above {at} %, {value['usage']} used; well signed")
    faults = [f"{act.refused} webhooks had a bad signature"] if act.refused else []
    told = _thresholds(act.alerts)
    if told[-1:] != [*ai_offer.THRESHOLDS[-1:]] or len(set(told)) != len(told):
        faults.append(f"webhooks told of {[*map(str, told)]} per cent")
    if not act.month.kept_out:
        faults.append(f"{ai_offer.TRIAL} was never kept out")
    return faults


def _print_margins(console: Console, client: Client, act: Act) -> list[str]:
    table = _table("Thirty days of a product made of language models (USD)", "revenue", "cost", "margin", "per cent")
    rows = {row["customerId"]: row for row in client.get("/api/v1/margins", **_period(act.began))["items"]}
    faults = []
    for seat in SEATS:
        row, expected = rows[act.customers[seat.key]], act.month.cost(customer=seat.key)
        if row["cost"] is None or Decimal(row["cost"]) != expected:
            faults.append(f"{seat.key}: cost {row['cost']}, and the price list comes to {expected}")
        table.add_row(seat.name, *(_shown(row.get(name)) for name in _MARGIN))
    console.print(table)
    return faults


def _print_models(console: Console, client: Client, act: Act) -> list[str]:
    """What each model cost, all types of its tokens together."""
    costs: dict[str, Decimal] = {}
    asked = {**_period(act.began), "group_by_dimensions": ["model"]}
    for feature in client.get("/api/v1/features", page=1, pageSize=100)["items"]:
        if feature["key"] in ai_offer.TOKENS:
            found = client.post(f"/api/v3/openmeter/features/{feature['id']}/cost/query", asked)
            for row in found["data"]:
                model = row["dimensions"]["model"]
                costs[model] = costs.get(model, Decimal(0)) + Decimal(row["cost"] or "NaN")
    table, faults = _table("The same by model", "calls", "cost"), []
    for model in sorted(costs, key=lambda name: (costs[name].is_nan(), -costs[name])):
        calls = sum(call.model == model for call in act.month.made)
        expected = act.month.cost(model=model)
        if costs[model] != expected:
            faults.append(f"{model}: cost {costs[model]}, and the price list comes to {expected}")
        table.add_row(model, f"{calls:,}", _shown(str(costs[model])))
    console.print(table)
    if not faults:
        console.print("Every cost is what genai-prices reckons for the same calls, one by one.\n")
    return faults


def _print_pages(console: Console, client: Client, url: str, api_key: str) -> None:
    """Where one of the customers, and where the seller, sees all this in a browser."""
    seat = SEATS[0]
    token = client.post("/api/v1/portal/tokens", {"subject": seat.key})["token"]
    for text in (
        f"What {seat.name} sees of it, for an hour: {url}/pages/portal.html#token={token}",
        f"What the seller sees: {url}/pages/console.html, with the key {api_key}\n",
    ):
        console.print(text, soft_wrap=True, highlight=False, markup=False)


def _period(began: datetime) -> dict[str, str]:
    return {"from": f"{began:%Y-%m-%dT%H:%M:%SZ}", "to": f"{began + timedelta(days=DAYS):%Y-%m-%dT%H:%M:%SZ}"}


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _shown(amount: str | None) -> str:
    return "" if amount is None else f"{Decimal(amount):,.2f}"
