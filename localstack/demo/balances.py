"""What the demo shows of the departures that are included: two balances, and how one of them burnt down."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from localstack.demo.client import Client
from localstack.demo.offer import INCLUDED
from meterhouse.cli.chart import bars

JANUARY = {"from": "2013-01-01T00:00:00Z", "to": "2013-02-01T00:00:00Z"}
SHOWN = ("UA", "DL")
COLUMNS = ("included", "used", "left", "beyond", "left now")
WIDTH = 80


@dataclass(frozen=True, slots=True)
class BurnDown:
    """A carrier's January: what was left as each day began, and what it came to at the month's end."""

    days: list[tuple[str, Decimal]]
    used: Decimal
    left: Decimal
    beyond: Decimal


def january_of(events: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Departures in January per carrier, counted here and not by Meterhouse."""
    return Counter(event["subject"] for event in events if event["time"].startswith("2013-01-"))


def burn_down(client: Client, code: str) -> BurnDown:
    """January as Meterhouse tells it."""
    history = client.get(_path(code, "history"), **JANUARY, windowSize="DAY")
    windows = history["windowedHistory"]
    # the last segment of all has no length: what February begins with
    *_, end = (part for part in history["burndownHistory"] if part["period"]["from"] != part["period"]["to"])
    return BurnDown(
        days=[(window["period"]["from"][:10], Decimal(str(window["balanceAtStart"]))) for window in windows],
        used=sum((Decimal(str(window["usage"])) for window in windows), Decimal(0)),
        left=Decimal(str(end["balanceAtEnd"])),
        beyond=Decimal(str(end["overage"])),
    )


def print_balances(
    console: Console, client: Client, names: Mapping[str, str], departures: Mapping[str, int]
) -> list[str]:
    """Two carriers' balances at the end of January and one's way there; the faults found in them."""
    title = "Departures included, at the end of January"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    januaries, faults = {code: burn_down(client, code) for code in SHOWN}, []
    for code, january in januaries.items():
        expected, found = departures[code], (january.used, january.left, january.beyond)
        if found != tuple(map(Decimal, (expected, max(INCLUDED - expected, 0), max(expected - INCLUDED, 0)))):
            faults.append(f"{code}: used, left and beyond are {found}, and {expected} departures are the data set's")
        now = Decimal(str(client.get(_path(code, "value"))["balance"]))
        table.add_row(f"{code} {names[code]}", f"{INCLUDED:,}", *(f"{number:,}" for number in (*found, now)))
    console.print(table)
    console.print(f"{names[SHOWN[0]]}: departures left as each day of January began")
    for line in bars(januaries[SHOWN[0]].days, min(console.width, WIDTH)):
        console.print(line, highlight=False)
    console.print()
    return faults


def _path(code: str, what: str) -> str:
    return f"/api/v2/customers/{code.lower()}/entitlements/departures/{what}"
