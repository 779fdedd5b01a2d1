"""The figures as a table, as JSON, and as a part of a page."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from meterhouse.platform import clock
from tests.bench.engines import Engines
from tests.bench.measurement import Figure, Kind, Unit

_FORMATS = {Kind.RATIO: "{:.2f} x", Kind.OVER: "+{:.0f} ms", Kind.FASTER: "{:.1f} x", Kind.FITS: "{:,.0f}"}


_BEGIN, _END = "<!-- make bench writes from here -->", "<!-- to here -->"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the figures were measured on."""

    date: str
    python: str
    clickhouse: str
    machine: str
    cores: int | None


def facts_of(engines: Engines) -> Facts:
    return Facts(
        date=clock.now().date().isoformat(),
        python=platform.python_version(),
        clickhouse=engines.clickhouse_version,
        machine=platform.machine(),
        cores=os.cpu_count(),
    )


def write_page(page: Path, figures: Sequence[Figure], facts: Facts) -> None:
    """Put the figures between the page's two marks; the text around them stays.

    Raises:
        ValueError: the page lacks the marks.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{page} lacks {_BEGIN} … {_END}")
    written = f"{before}{begin}\n\n{_markdown(figures, facts)}\n\n{end}{after}"
    page.write_text(written, encoding="utf-8")


def _markdown(figures: Sequence[Figure], facts: Facts) -> str:
    measured_on = (
        f"{facts.date}: {facts.cores} cores ({facts.machine}), Python {facts.python}, ClickHouse {facts.clickhouse}."
    )
    head = "| # | work | measured | bound | verdict | floor |\n|---|---|---:|---:|---|---|"
    lines = [
        f"| {page} | {figure.work} | {_FORMATS[figure.kind].format(figure.measured)} | {_bound(figure)} |"
        f" {_verdict(figure)} | {figure.floor} {_amount(figure)} |"
        for page, figure in zip(_once([figure.page for figure in figures]), figures, strict=True)
    ]
    return "\n".join([measured_on, "", head, *lines])


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
            _coloured(figure),
            f"{figure.floor} {_amount(figure)}",
        )
    return table


def document_of(figures: Sequence[Figure], facts: Facts) -> dict[str, Any]:
    """The figures and what they were measured on."""
    return asdict(facts) | {"figures": [_member(figure) for figure in figures]}


def _member(figure: Figure) -> dict[str, Any]:
    return {
        "page": figure.page,
        "work": figure.work,
        "measured": figure.measured,
        "unit": figure.kind.value,
        "bound": figure.bound,
        "held": None if figure.missed_by is None else figure.missed_by == 0,
        "missedBy": figure.missed_by,
        "takenIn": figure.unit.value,
        "taken": figure.taken,
        "floor": figure.floor,
        "floorTaken": figure.floor_taken,
    }


def _verdict(figure: Figure) -> str:
    if figure.missed_by is None:
        return ""
    return f"missed by {figure.missed_by:.0%}" if figure.missed_by else "held"


def _coloured(figure: Figure) -> str:
    return f"[{'red' if figure.missed_by else 'green'}]{_verdict(figure)}[/]"


def _bound(figure: Figure) -> str:
    if figure.bound is None:
        return ""
    return f"{'≥' if figure.kind.wants_more else '≤'} {figure.bound:,g}"


def _amount(figure: Figure) -> str:
    if figure.unit is Unit.BYTES:
        return f"{figure.floor_taken / 2**20:.1f} MiB"
    seconds = figure.floor_taken
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def _once(names: Sequence[str]) -> list[str]:
    """Each name where it first stands, "" where it is repeated."""
    return [name if name not in names[:index] else "" for index, name in enumerate(names)]
