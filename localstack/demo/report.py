"""What the demo shows at its end."""

import shlex
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from localstack.demo.client import Client
from localstack.demo.flights import CarrierYear

MONTHS = ("January", "February", "March")
NUMBER_WIDTH = 10


def invoices_of(client: Client, customer_id: str) -> list[dict[str, Any]]:
    """A customer's standard invoices with their lines, in order of their periods."""
    page = client.get("/api/v1/billing/invoices", customers=customer_id, expand="lines", pageSize=1000)
    issued = [invoice for invoice in page["items"] if invoice["status"] != "gathering"]
    return sorted(issued, key=lambda invoice: invoice["period"]["from"])


def _table(title: str, numbers: tuple[str, ...], first_width: int) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=first_width)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True, min_width=NUMBER_WIDTH)
    return table


def print_year(
    console: Console,
    names: Mapping[str, str],
    expected: Mapping[str, CarrierYear],
    measured: Mapping[str, CarrierYear],
    invoices: Mapping[str, list[dict[str, Any]]],
) -> list[str]:
    """The table of the year; the faults found in it."""
    table = _table("Departures from New York in 2013, metered and billed", ("departures", "miles", *MONTHS), 18)
    faults = []
    for code in sorted(expected, key=lambda code: -expected[code].departures):
        year = measured[code]
        if year != expected[code]:
            faults.append(f"{code}: measured {year}, the data set says {expected[code]}")
        states = {invoice["status"] for invoice in invoices[code]}
        if len(invoices[code]) != len(MONTHS) or states != {"paid"}:
            faults.append(f"{code}: {len(invoices[code])} invoices in states {sorted(states)}, not three paid ones")
        amounts = [f"{Decimal(invoice['totals']['total']):,}" for invoice in invoices[code]]
        table.add_row(f"{code} {names[code]}", f"{year.departures:,}", f"{year.miles:,}", *amounts)
    console.print(table)
    if not faults:
        total = sum(year.departures for year in measured.values())
        console.print(f"All {total:,} departures are counted once; every total equals the data set's own.")
        console.print(f"All {len(MONTHS) * len(expected)} invoices of January, February and March (USD) are paid.\n")
    return faults


def print_faults(
    console: Console,
    expected: Mapping[str, CarrierYear],
    measured: Mapping[str, CarrierYear],
    account: Mapping[str, int],
    kills: tuple[int, int],
) -> int:
    """How the year came out; 0 when it is the data set's own, nothing is on its way, and all kills happened.

    Args:
        console: where it is told.
        expected: the data set's own year.
        measured: Meterhouse's.
        account: where every accepted event is.
        kills: how many there were, of how many.
    """
    killed, wanted = kills
    open_ = {name: account[name] for name in ("pending", "astray") if account[name]}
    wrong = [code for code in sorted(expected) if measured[code] != expected[code]]
    for code in wrong:
        console.print(f"[red]{code}: measured {measured[code]}, the data set says {expected[code]}[/red]")
    if killed < wanted:
        console.print(f"[red]the sink was killed {killed} times only[/red]")
    for name, number in open_.items():
        console.print(f"[red]{number:,} events are {name}[/red]")
    is_well = not wrong and not open_ and killed == wanted
    if is_well:
        total = sum(year.departures for year in measured.values())
        console.print(
            f"{killed} sinks were killed; all {total:,} departures are counted once, every total is the data set's. "
            f"{account['accepted']:,} events were accepted, {account['duplicate']:,} of them again; none is on its way."
        )
    return 0 if is_well else 1


def print_arithmetic(console: Console, client: Client, name: str, invoice: dict[str, Any]) -> None:
    """How one line came to its amount, as the API explains it."""
    line = next(line for line in invoice["lines"] if line["name"] == "Departures")
    explanation = client.get(f"/api/v1/billing/invoices/{invoice['id']}/lines/{line['id']}/explain")
    title = f"{name}, invoice {invoice['number']}: {line['name']}, January 2013"
    table = _table(title, ("quantity", "unit price", f"amount, {invoice['currency']}"), 40)
    for part in line["children"]:
        quantity, unit = Decimal(part["quantity"]), Decimal(part["perUnitAmount"])
        table.add_row(part["name"], f"{quantity:,}", f"{unit:,}", f"{Decimal(part['totals']['total']):,}")
    table.add_section()
    table.add_row("line total", f"{Decimal(line['quantity']):,}", "", f"{Decimal(line['totals']['total']):,}")
    console.print(table)
    first = explanation["events"]["items"][0]
    console.print(
        f"the first of the events behind it is {first['id']}; the trace of this line has the hash", style="dim"
    )
    console.print(f"{explanation['arithmetic']['hash']}\n", style="dim")


def print_next_steps(console: Console, stack: Mapping[str, str], invoice_id: str) -> None:
    """The URL, the key and four requests to try."""
    url, key = stack["METERHOUSE_URL"], stack["METERHOUSE_API_KEY"]
    header = f"-H {shlex.quote(f'Authorization: Bearer {key}')}"
    lines = (
        f"The stack is up at {url}; its API key is {key} (both in .local/stack.env). `make down` stops it. Try:",
        f"  curl -s {header} '{url}/api/v1/meters/miles/query?windowSize=MONTH&subject=UA'",
        f"  curl -s {header} '{url}/api/v1/meters/departures/query?groupBy=origin'",
        f"  curl -s {header} '{url}/api/v1/billing/invoices?expand=lines&pageSize=1'",
        f"  curl -s {header} '{url}/api/v1/billing/invoices/{invoice_id}/document?format=pdf' -o invoice.pdf",
    )
    for text in lines:
        console.print(text, soft_wrap=True, highlight=False, markup=False)
