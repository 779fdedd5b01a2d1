"""`meterhouse dead-letters`: records that no sink could take."""

from typing import Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.errors import Failed, Misused, Refused
from meterhouse.cli.http import Endpoint, path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import printable, show_fields, show_lines, show_table, tell

group = commands("Dead letters: records that no sink could take. A replay is exact: identities count once.")
_PAGE = 100
_PATH = path_of("debug", "dead-letters")
_COLUMNS = ("id", "deadAt", "reason", "bytes", "topic", "partition", "offset", "replayedAt")


@command(group, "list")
def list_(
    session: Session,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """Dead letters with their reasons."""
    letters = session.endpoint.first(_PATH, limit)
    rows = ([letter.get(name) for name in _COLUMNS] for letter in letters)
    session.answer(letters, lambda: show_table(_COLUMNS, rows, numbers=("bytes", "partition", "offset")))


@command(group, "show")
def show(session: Session, letter: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """One dead letter and how its record begins."""
    found = session.endpoint.get(_path(letter))
    session.answer(found, lambda: _show(found))


@command(group, "replay")
def replay(
    session: Session,
    letters: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that were not replayed yet.")] = False,
) -> None:
    """Put the records' own bytes onto the events topic again."""
    if bool(letters) is every:
        raise Misused("name the dead letters, or give --all")
    wanted = letters or [
        one["id"] for one in session.endpoint.follow(_PATH, {"limit": _PAGE}) if not one.get("replayedAt")
    ]
    done, refused = _replay(session.endpoint, wanted)
    session.answer(
        {"replayed": done, "refused": [{"id": name, "reason": reason} for name, reason in refused]},
        lambda: typer.echo(f"{len(done)} replayed" + (f", {len(refused)} refused" if refused else "")),
    )
    if refused:
        raise Failed(f"{len(refused)} of {len(wanted)} were not replayed")


def _replay(endpoint: Endpoint, letters: list[str]) -> tuple[list[Any], list[tuple[str, str]]]:
    """Answers of those replayed; ids and reasons of those refused: one does not keep the others."""
    done: list[Any] = []
    refused = []
    for letter in letters:
        try:
            done.append(endpoint.post(f"{_path(letter)}/replay", repeatable=True))
        except Refused as refusal:
            refused.append((letter, str(refusal)))
            tell(f"{letter}: {refusal}")
    return done, refused


def _path(letter: str) -> str:
    return path_of("debug", "dead-letters", letter)


def _show(letter: dict[str, Any]) -> None:
    show_fields([(name, letter.get(name)) for name in _COLUMNS])
    if preview := letter.get("preview"):
        show_lines(["", *(printable(line) for line in preview.splitlines())])
