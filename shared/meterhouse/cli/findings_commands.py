"""`meterhouse findings`: what the audit of the books found, and letting it be."""

from typing import Annotated

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.http import path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_table

group = commands("What the nightly audit of the books found.")
_COLUMNS = ("foundAt", "kind", "invoiceId", "customerId", "detail", "id")


@command(group, "list")
def list_(
    session: Session, *, every: Annotated[bool, typer.Option("--all", help="Those that are resolved, too.")] = False
) -> None:
    """What is open."""
    wanted = {} if every else {"open": "true"}
    found = list(session.endpoint.pages(path_of("billing", "audit-findings"), wanted))
    session.answer(found, lambda: show_table(_COLUMNS, ([one.get(name) for name in _COLUMNS] for one in found)))


@command(group, "resolve")
def resolve(
    session: Session,
    finding: Annotated[str, typer.Argument(help="Its id.")],
    reason: Annotated[str, typer.Option(help="Why it may be as it is.")],
) -> None:
    """Let it be: its invoice goes on, and it comes back only if it changes."""
    path = path_of("billing", "audit-findings", finding, "resolve")
    answer = session.endpoint.post(path, {"reason": reason}, repeatable=True)
    session.answer(answer, lambda: show_table(("kind", "resolvedAt"), [[answer["kind"], answer["resolvedAt"]]]))
