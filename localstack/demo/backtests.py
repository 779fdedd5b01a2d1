"""What the demo shows of backtests: the plan that is sold comes to the carriers' invoices; a draft does not."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from localstack.demo.client import Client
from localstack.demo.offer import ensure_draft

AFTER_MARCH = "2013-04-01T00:00:00Z"
MONTHS = 3
COLUMNS = ("invoiced", "again", "difference", "at one price", "difference")
QUANTILES = (0, 50, 100)
_PATIENCE_SECONDS = 180
_POLL_SECONDS = 0.5
_PAGE = 1000


class BacktestFailedError(Exception):
    """A backtest did not end well, or not in time."""


def backtest(client: Client, plan_id: str, customers: Sequence[str] | None = None) -> dict[str, Any]:
    """The backtest of January to March under a plan, with all its customers; all subscribers if none are named.

    Raises:
        BacktestFailedError: it did not compare every customer, or not in time.
    """
    asked = {"periods": MONTHS, "asOf": AFTER_MARCH} | ({} if customers is None else {"customers": list(customers)})
    started = client.post(f"/api/v1/plans/{plan_id}/backtest", asked)
    path = f"/api/v1/plans/{plan_id}/backtests/{started['id']}"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (found := client.get(path, pageSize=_PAGE))["state"] == "running" and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if found["state"] != "complete":
        reasons = [row["reason"]["message"] for row in found["customers"]["items"] if "reason" in row]
        raise BacktestFailedError(f"backtest {found['id']} is {found['state']}: {'; '.join(reasons)}")
    return dict(found)


def by_key(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The customers of a backtest by their keys."""
    return {row["customerKey"]: row for row in found["customers"]["items"]}


def faults_of(rows: Mapping[str, Mapping[str, Any]], billed: Mapping[str, Decimal]) -> list[str]:
    """Customers, by key, of whom a backtest of the plan that was sold does not come to what was invoiced."""
    found = []
    for key, total in billed.items():
        sides = tuple(Decimal(rows[key][side]) for side in ("old", "new")) if key in rows else ()
        if sides != (total, total):
            found.append(f"{key}: invoices of {total}, and its backtest says {sides}")
    return found


def print_backtests(
    console: Console, client: Client, plan_id: str, names: Mapping[str, str], invoices: Mapping[str, Sequence[Any]]
) -> list[str]:
    """The carriers' first quarter invoiced, rated again, and under a draft; the faults found in it."""
    billed = {
        code.lower(): sum((Decimal(invoice["totals"]["total"]) for invoice in own), start=Decimal(0))
        for code, own in invoices.items()
    }
    again = backtest(client, plan_id)
    drafted = backtest(client, ensure_draft(client), sorted(billed))
    rows, others = by_key(again), by_key(drafted)
    table = _table(f"Backtests of January to March ({again['currency']}): the plan again, and a draft with one price")
    for code in sorted(invoices, key=lambda code: -billed[code.lower()]):
        row, other = rows[code.lower()], others[code.lower()]
        amounts = (row["old"], row["new"], row["difference"], other["new"], other["difference"])
        table.add_row(f"{code} {names[code]}", *(f"{Decimal(amount):,}" for amount in amounts))
    table.add_section()
    sums = [found["totals"] for found in (again, drafted)]
    amounts = (sums[0]["old"], sums[0]["new"], sums[0]["difference"], sums[1]["new"], sums[1]["difference"])
    table.add_row("all", *(f"{Decimal(amount):,}" for amount in amounts))
    console.print(table)
    faults = faults_of(rows, billed)
    if not faults:
        console.print("Rated again under the plan that is sold, every carrier's invoices come to the same cent.")
    spread = {one["percent"]: Decimal(one["difference"]) for one in drafted["quantiles"]}
    texts = (f"{percent} %: {spread[percent]:,}" for percent in QUANTILES)
    console.print(f"Under the draft, a carrier's difference: {', '.join(texts)}\n", highlight=False)
    return faults


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=18)
    for heading in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
