"""`meterhouse subjects`."""

from typing import Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.http import path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_fields, show_table

group = commands("Subjects: the producers' names for who used.")
_ERASURES = path_of("subject-erasures")
_ERASURE_COLUMNS = (
    "id",
    "status",
    "pseudonym",
    "askedAt",
    "nextPassAt",
    "completedAt",
    "events",
    "meterValues",
    "files",
    "records",
)
_COLUMNS = ("key", "displayName", "createdAt", "id")


@command(group, "list")
def list_(session: Session) -> None:
    """Every subject."""
    subjects = session.endpoint.items(path_of("subjects"))
    session.answer(subjects, lambda: show_table(_COLUMNS, ([one.get(name) for name in _COLUMNS] for one in subjects)))


@command(group, "erase")
def erase(
    session: Session,
    subject: Annotated[str, typer.Argument(help="Its key.")],
    confirm: Annotated[str, typer.Option(help="The key once more: this cannot be undone.")],
) -> None:
    """Erase a subject's name and data; its usage and invoices stay, under a pseudonym. Goes on by itself."""
    asked = session.endpoint.post(_ERASURES, {"subject": subject, "confirm": confirm})
    session.answer(asked, lambda: show_fields(list(zip(_ERASURE_COLUMNS, _row(asked), strict=True))))


@command(group, "erasures")
def erasures(session: Session) -> None:
    """How far erasures are, the newest first."""
    found = list(session.endpoint.pages(_ERASURES, {}))
    session.answer(found, lambda: show_table(_ERASURE_COLUMNS, map(_row, found)))


def _row(erasure: dict[str, Any]) -> list[object]:
    told = {**erasure, **erasure["erased"]}
    return [told.get(name) for name in _ERASURE_COLUMNS]
