"""`meterhouse conservation`: where every accepted event went."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from meterhouse.cli.command import command
from meterhouse.cli.errors import Failed
from meterhouse.cli.http import STRANGER, path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_table

_WRONG = ("unexplained", "astray")
_ALWAYS = ("accepted", "counted")
_COUNTS = ("accepted", "counted", "unmatched", "invalid", "duplicate", "conflict", "dead", "pending")


def declare(group: typer.Typer) -> None:
    command(group, "conservation")(conservation)


def conservation(
    session: Session,
    meter: Annotated[str | None, typer.Option(help="Of this meter alone; its id or slug.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Instant or date.")] = None,
    to: Annotated[str | None, typer.Option(help="Instant or date; not included.")] = None,
) -> None:
    """Where every accepted event went; exit status 1 when some are astray: lost, or stored and never accepted."""
    query = {"meter": meter, "from": read_instant("--from", from_), "to": read_instant("--to", to)}
    report = session.endpoint.get(path_of("debug", "conservation"), query)
    try:
        rows = [*report["hours"], {"hour": "total", **report["totals"]}]
        strange = [row["hour"] for row in rows if _is_wrong(row)]
    except (KeyError, TypeError, ArithmeticError):
        raise Failed(f"the answer is no report: {STRANGER}") from None
    session.answer(report, lambda: _show(rows))
    if strange:
        raise Failed(f"events astray: {', '.join(strange)}")


def _show(rows: list[dict[str, Any]]) -> None:
    """The table, without the fates that no event met."""
    met = [name for name in _COUNTS if name in _ALWAYS or any(row.get(name) for row in rows)]
    counts = (
        [row["hour"].replace(":00:00Z", "Z"), *map(row.get, met), *(_marked(row[name]) for name in _WRONG)]
        for row in rows
    )
    show_table(("hour", *met, *_WRONG), counts, numbers=(*met, *_WRONG))


def _is_wrong(row: dict[str, Any]) -> bool:
    """By either number, for one too many and one too few leave nothing unexplained."""
    unexplained, astray = (Decimal(row[name]) for name in _WRONG)
    return bool(unexplained or astray)


def _marked(number: object) -> str:
    return f"!! {number}" if number else "0"
