"""`meterhouse audit`: who changed what."""

from typing import Annotated

import typer

from meterhouse.cli.command import command
from meterhouse.cli.http import path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_table

_COLUMNS = ("recordedAt", "actor", "action", "objectKind", "objectId", "route", "requestId")


def declare(app: typer.Typer) -> None:
    command(app, "audit")(_audit)


def _audit(
    session: Session,
    actor: Annotated[str | None, typer.Option(help="Such as key:01J….")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as customers.")] = None,
    object_id: Annotated[str | None, typer.Option("--object", help="The id of what was changed.")] = None,
    request: Annotated[str | None, typer.Option(help="The request's id.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="RFC 3339, or a day.")] = None,
    to: Annotated[str | None, typer.Option(help="The same; not included.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
) -> None:
    """The newest changes by clients and operators. The digests are in --json."""
    query = {
        "actor": actor,
        "objectKind": kind,
        "objectId": object_id,
        "requestId": request,
        "from": read_instant("--from", from_),
        "to": read_instant("--to", to),
    }
    found = session.endpoint.first(path_of("audit-log"), limit, query, page=1000)
    session.answer(found, lambda: show_table(_COLUMNS, ([one.get(name) for name in _COLUMNS] for one in found)))
