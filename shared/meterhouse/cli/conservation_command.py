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

UNEXPLAINED = "unexplained"
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
    """Where every accepted event went; exit status 1 when some are unexplained."""
    query = {"meter": meter, "from": read_instant("--from", from_), "to": read_instant("--to", to)}
    report = session.endpoint.get(path_of("debug", "conservation"), query)
    try:
        rows = [*report["hours"], {"hour": "total", **report["totals"]}]
        # an hour too many and an hour too few would make a sound total
        strange = [row["hour"] for row in rows if _remainder(row)]
    except (KeyError, TypeError, ArithmeticError):
        raise Failed(f"the answer is no report: {STRANGER}") from None
    session.answer(report, lambda: _show(rows))
    if strange:
        raise Failed(f"unexplained events: {', '.join(strange)}")


def _show(rows: list[dict[str, Any]]) -> None:
    """The table, without the fates that no event met."""
    met = [name for name in _COUNTS if name in _ALWAYS or any(row.get(name) for row in rows)]
    counts = ([row["hour"].replace(":00:00Z", "Z"), *map(row.get, met), _marked(_remainder(row))] for row in rows)
    show_table(("hour", *met, UNEXPLAINED), counts, numbers=(*met, UNEXPLAINED))


def _marked(remainder: Decimal) -> str:
    return f"!! {remainder}" if remainder else "0"


def _remainder(row: dict[str, Any]) -> Decimal:
    return Decimal(row[UNEXPLAINED])
