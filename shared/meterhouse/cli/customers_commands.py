"""`meterhouse customers`."""

from typing import Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.http import path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_table

group = commands("Customers, and the subjects whose usage is theirs.")
_COLUMNS = ("key", "name", "subjects", "currency", "id")


@command(group, "list")
def list_(
    session: Session,
    key: Annotated[str | None, typer.Option(help="Whose key is like this.")] = None,
    name: Annotated[str | None, typer.Option(help="Whose name is like this.")] = None,
    subject: Annotated[str | None, typer.Option(help="Who has a subject like this.")] = None,
) -> None:
    """Every customer."""
    customers = list(session.endpoint.pages(path_of("customers"), {"key": key, "name": name, "subject": subject}))
    session.answer(customers, lambda: show_table(_COLUMNS, map(_row, customers)))


def _row(customer: dict[str, Any]) -> list[object]:
    subjects = customer.get("usageAttribution", {}).get("subjectKeys", [])
    return [", ".join(subjects) if column == "subjects" else customer.get(column) for column in _COLUMNS]
