"""`meterhouse conflicts`: identities that came twice with different bodies."""

from typing import Annotated, Any

import typer

from meterhouse.cli.command import command
from meterhouse.cli.http import path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_table

_WRITTEN = ("type", "subject", "time", "ingestedAt")


def declare(group: typer.Typer) -> None:
    command(group, "conflicts")(conflicts)


def conflicts(
    session: Session,
    from_: Annotated[str | None, typer.Option("--from", help="Instant or date.")] = None,
    to: Annotated[str | None, typer.Option(help="Instant or date; not included.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """Events whose id and source came again with another body: the first counts, the later does not."""
    query = {"from": read_instant("--from", from_), "to": read_instant("--to", to)}
    found = session.endpoint.first(path_of("debug", "conflicts"), limit, query)
    columns = ("id", "source", "", *_WRITTEN)
    session.answer(found, lambda: show_table(columns, (row for one in found for row in _rows(one))))


def _rows(conflict: dict[str, Any]) -> list[list[object]]:
    first = [conflict["id"], conflict["source"], "counts", *map(conflict["first"].get, _WRITTEN)]
    return [first, ["", "", "does not", *map(conflict["later"].get, _WRITTEN)]]
