"""The figures as a table and as JSON."""

import os
import platform
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tests.bench.measurement import Figure, Kind

_FORMATS = {Kind.RATIO: "{:.2f} x", Kind.OVER: "+{:.0f} ms", Kind.FASTER: "{:.1f} x"}


def table_of(figures: Sequence[Figure], title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("#")
    table.add_column("work")
    table.add_column("measured", justify="right")
    table.add_column("bound", justify="right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("floor", no_wrap=True)
    for page, figure in zip(_once([figure.page for figure in figures]), figures, strict=True):
        if page and table.rows:
            table.add_section()
        table.add_row(
            page,
            figure.work,
            _FORMATS[figure.kind].format(figure.measured),
            _bound(figure),
            _verdict(figure),
            f"{figure.floor} {_duration(figure.floor_seconds)}",
        )
    return table


def document_of(figures: Sequence[Figure]) -> dict[str, Any]:
    """The figures and what they were measured on; durations in seconds."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "figures": [_member(figure) for figure in figures],
    }


def _member(figure: Figure) -> dict[str, Any]:
    return {
        "page": figure.page,
        "work": figure.work,
        "measured": figure.measured,
        "unit": figure.kind.value,
        "bound": figure.bound,
        "held": None if figure.missed_by is None else figure.missed_by == 0,
        "missedBy": figure.missed_by,
        "workSeconds": figure.work_seconds,
        "floor": figure.floor,
        "floorSeconds": figure.floor_seconds,
    }


def _verdict(figure: Figure) -> str:
    if figure.missed_by is None:
        return ""
    return f"[red]missed by {figure.missed_by:.0%}[/]" if figure.missed_by else "[green]held[/]"


def _bound(figure: Figure) -> str:
    if figure.bound is None:
        return ""
    return f"{'≥' if figure.kind is Kind.FASTER else '≤'} {figure.bound:g}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def _once(names: Sequence[str]) -> list[str]:
    """Each name where it first stands, "" where it is repeated."""
    return [name if name not in names[:index] else "" for index, name in enumerate(names)]
