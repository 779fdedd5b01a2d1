"""`meterhouse keys`: API keys of the namespace."""

from typing import Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.http import path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_fields, show_table

group = commands("API keys: who may do what, until when.")
_KEYS = path_of("api-keys")
_COLUMNS = ("keyPrefix", "name", "role", "scopes", "lastUsedAt", "expiresAt", "revokedAt", "id")
_ISSUED = ("key", "id", "name", "role", "scopes")
_Id = Annotated[str, typer.Argument(help="Its id.")]
_Every = Annotated[bool, typer.Option("--all", help="Revoked ones, too.")]


@command(group, "list")
def list_(
    session: Session, *, every: Annotated[bool, typer.Option("--all", help="Revoked ones, too.")] = False
) -> None:
    """The newest first."""
    found = list(session.endpoint.pages(_KEYS, {"includeRevoked": "true"} if every else {}))
    session.answer(found, lambda: show_table(_COLUMNS, map(_row, found)))


@command(group, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[str | None, typer.Option(help="owner, finance, developer or read-only.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Instead of a role; may be repeated.")] = None,
    expires: Annotated[str | None, typer.Option(help="RFC 3339; else it is good until it is revoked.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Requests a second at most.")] = None,
    burst: Annotated[int | None, typer.Option(min=1, help="So many at once; else two seconds' worth.")] = None,
    monthly_requests: Annotated[int | None, typer.Option(min=1, help="Requests a calendar month at most.")] = None,
    monthly_events: Annotated[int | None, typer.Option(min=1, help="Events a calendar month at most.")] = None,
) -> None:
    """Make a key. Its text is shown this once."""
    given: dict[str, Any] = {"name": name, "role": role, "scopes": scope or None, "expiresAt": expires}
    given |= {"rateLimit": _some(requestsPerSecond=rate, burst=burst)}
    given |= {"quota": _some(requestsPerMonth=monthly_requests, eventsPerMonth=monthly_events)}
    _show_issued(session, session.endpoint.post(_KEYS, {key: value for key, value in given.items() if value}))


@command(group, "rotate")
def rotate(
    session: Session,
    key: _Id,
    overlap: Annotated[int, typer.Option(help="Seconds for which the old text is good, too.")] = 86_400,
) -> None:
    """Give a key a new text, which is shown this once."""
    _show_issued(session, session.endpoint.post(path_of("api-keys", key, "rotate"), {"overlapSeconds": overlap}))


@command(group, "revoke")
def revoke(session: Session, key: _Id) -> None:
    """Close a key for good; a gateway may let it in for a minute more."""
    session.endpoint.delete(path_of("api-keys", key))
    session.answer({"revoked": key}, lambda: show_fields([("revoked", key)]))


@command(group, "quota")
def quota(session: Session, key: _Id) -> None:
    """What is used and left of the quotas of a key and of its namespace this month."""
    month = session.endpoint.get(path_of("api-keys", key, "quota"))
    columns = ("holder", "counts", "limit", "used", "left")
    session.answer(month, lambda: show_table(columns, ([use[name] for name in columns] for use in month["quotas"])))


def _some(**values: object) -> dict[str, object] | None:
    return {name: value for name, value in values.items() if value is not None} or None


def _row(key: dict[str, Any]) -> list[object]:
    return [" ".join(value) if isinstance(value := key.get(name), list) else value for name in _COLUMNS]


def _show_issued(session: Session, key: dict[str, Any]) -> None:
    session.answer(
        key, lambda: show_fields([(name, key.get(name)) for name in ("key", "id", "name", "role", "scopes")])
    )
