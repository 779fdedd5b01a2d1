"""What the demo shows of the departures that are included: two balances, and how one of them burnt down."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from localstack.demo.client import Client
from localstack.demo.offer import INCLUDED
from meterhouse.cli.chart import bars

JANUARY = "2013-01"
FIRST, LAST = f"{JANUARY}-01T00:00:00Z", f"{JANUARY}-31T23:59:00Z"
"""The last minute of the month: with the next one the allowance is whole again."""
SHOWN = ("UA", "DL")
COLUMNS = ("included", "used", "left", "beyond", "access")


def january_of(events: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Departures in January per carrier, counted here and not by Meterhouse."""
    return Counter(event["subject"] for event in events if event["time"].startswith(JANUARY))


def print_balances(
    console: Console, client: Client, names: Mapping[str, str], departures: Mapping[str, int]
) -> list[str]:
    """The table of two carriers at the end of January; the faults found in it."""
    table = Table(
        title="Departures included, at the end of January", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("", no_wrap=True)
    for heading in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    faults = []
    for code in SHOWN:
        value, used = _entitlement(client, code, "value", time=LAST), departures[code]
        found = tuple(Decimal(str(value[name])) for name in ("usage", "balance", "overage"))
        if found != tuple(map(Decimal, (used, max(INCLUDED - used, 0), max(used - INCLUDED, 0)))):
            faults.append(f"{code}: used, left and beyond are {found}, and {used} departures are the data set's")
        access = "yes" if value["hasAccess"] else "no"
        table.add_row(f"{code} {names[code]}", f"{INCLUDED:,}", *(f"{number:,}" for number in found), access)
    console.print(table)
    return faults


def print_burn_down(console: Console, client: Client, name: str, code: str) -> None:
    """What was left of the allowance as each day of January began."""
    history = _entitlement(client, code, "history", **{"from": FIRST, "to": LAST, "windowSize": "DAY"})
    days = [
        (window["period"]["from"][:10], Decimal(str(window["balanceAtStart"]))) for window in history["windowedHistory"]
    ]
    console.print(f"{name}: departures left as each day of January began")
    for line in bars(days, min(console.width, 80)):
        console.print(line, highlight=False)
    console.print()


def _entitlement(client: Client, code: str, what: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    return client.get(f"/api/v2/customers/{code.lower()}/entitlements/departures/{what}", **query)
