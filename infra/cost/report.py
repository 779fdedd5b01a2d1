"""Costs for people: tables on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.cost.model import Cost
    from infra.cost.prices import Line, Prices

_CENT = 0.005
_console = Console(width=None if Console().is_terminal else 130)


def print_cost(cost: Cost, prices: Prices, by_request: Mapping[int, Cost]) -> None:
    """One profile: line by line, dearest first, then what the assumptions do to it."""
    scenario = cost.scenario
    title = f"{scenario.profile}: {scenario.events:,} events a day, {prices.region}, list prices of {prices.noted}"
    table = Table("part", "arithmetic", "USD a month", title=title, title_justify="left")
    table.columns[2].justify = "right"
    _rows(table, cost.standing)
    table.add_row("[b]idle", "", f"[b]{cost.idle:,.2f}", end_section=True)
    _rows(table, cost.flowing)
    table.add_row("[b]in all", f"[b]{cost.per_million:.4f} a million events", f"[b]{cost.total:,.2f}")
    _console.print(table)
    for size, other in by_request.items():
        _console.print(f"  {size:>5,} events a request: {other.per_million:.4f} a million events", highlight=False)
    for one in cost.shortages:
        _console.print(f"  [red]does not fit[/red] {one}", highlight=False)
    _console.print()


def print_volumes(volumes: Mapping[str, Sequence[Cost]]) -> None:
    """Cost of a million events by volume; a dash where the profile cannot bear it."""
    table = Table("events a day", *volumes, title="USD a million events, by volume", title_justify="left")
    for costs in zip(*volumes.values(), strict=True):
        cells = ["-" if cost.shortages else f"{cost.per_million:,.3f}" for cost in costs]
        table.add_row(f"{costs[0].scenario.events:,}", *cells)
    _console.print(table)


def _rows(table: Table, lines: Sequence[Line]) -> None:
    shown = sorted((line for line in lines if line.usd >= _CENT), key=lambda line: -line.usd)
    for line in shown:
        table.add_row(line.part, line.arithmetic, f"{line.usd:,.2f}")
    small = [line for line in lines if line.usd < _CENT]
    if small:
        table.add_row("less than a cent each", ", ".join(sorted({line.part for line in small})), "")
