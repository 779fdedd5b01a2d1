"""`meterhouse meters`."""

from typing import Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.errors import Misused, Refused
from meterhouse.cli.http import Endpoint, path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.pairs import read_mapping
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_fields, show_table

group = commands("Meters: what is counted.")
_NOT_FOUND = 404
_COLUMNS = ("slug", "aggregation", "eventType", "valueProperty", "groupBy", "id")

Meter = Annotated[str, typer.Argument(metavar="METER", help="Its id or slug.")]
GroupBy = Annotated[
    list[str] | None, typer.Option("--group-by", metavar="NAME=JSONPATH", help="As in origin=$.origin.")
]
Name = Annotated[str | None, typer.Option(help="For people.")]
Description = Annotated[str | None, typer.Option()]
Metadata = Annotated[list[str] | None, typer.Option(metavar="NAME=TEXT")]


@command(group, "list")
def list_(
    session: Session,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those deleted, too.")] = False,
) -> None:
    """Every meter."""
    meters = list(session.endpoint.pages(path_of("meters"), {"includeDeleted": "true" if deleted else None}))
    rows = ([_shown(meter.get(name)) for name in (*_COLUMNS, "deletedAt")] for meter in meters)
    columns = (*_COLUMNS, "deletedAt") if deleted else _COLUMNS
    session.answer(meters, lambda: show_table(columns, (row[: len(columns)] for row in rows)))


@command(group, "show")
def show(session: Session, meter: Meter) -> None:
    """One meter, and how far the events before it have been read."""
    found = session.endpoint.get(path_of("meters", meter))
    found = found | {"backfill": _backfill(session.endpoint, meter)}
    session.answer(found, lambda: _show(found))


@command(group, "create")
def create(
    session: Session,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Its name in addresses: a-z, 0-9, _.")],
    event_type: Annotated[str, typer.Option(help="The type of the events it reads.")],
    aggregation: Annotated[str, typer.Option(help="SUM, COUNT, AVG, MIN, MAX, UNIQUE_COUNT, LATEST.")] = "COUNT",
    value_property: Annotated[str | None, typer.Option(metavar="JSONPATH", help="As in $.distance.")] = None,
    group_by: GroupBy = None,
    event_from: Annotated[str | None, typer.Option(help="Earlier events do not count.")] = None,
    name: Name = None,
    description: Description = None,
    metadata: Metadata = None,
) -> None:
    """Create a meter; it counts the events that came before it, too."""
    body = {
        "slug": slug,
        "eventType": event_type,
        "aggregation": aggregation.upper(),
        "valueProperty": value_property,
        "groupBy": read_mapping("--group-by", group_by or ()) or None,
        "eventFrom": read_instant("--event-from", event_from),
        "name": name,
        "description": description,
        "metadata": read_mapping("--metadata", metadata or ()) or None,
    }
    made = session.endpoint.post(path_of("meters"), _given(body))
    session.answer(made, lambda: _show(made))


@command(group, "update")
def update(
    session: Session,
    meter: Meter,
    group_by: GroupBy = None,
    name: Name = None,
    description: Description = None,
    metadata: Metadata = None,
) -> None:
    """Change what may be changed; group-by keys and metadata are replaced whole, what is not named stays."""
    body = {
        "groupBy": read_mapping("--group-by", group_by or ()) or None,
        "name": name,
        "description": description,
        "metadata": read_mapping("--metadata", metadata or ()) or None,
    }
    if not _given(body):
        raise Misused("nothing to change: name at least one option")
    changed = session.endpoint.put(path_of("meters", meter), _given(body))
    session.answer(changed, lambda: _show(changed))


@command(group, "delete")
def delete(session: Session, meter: Meter) -> None:
    """Delete a meter; the events stay."""
    session.endpoint.delete(path_of("meters", meter))
    session.answer({"deleted": meter}, lambda: typer.echo(f"deleted {meter}"))


def _backfill(endpoint: Endpoint, meter: str) -> dict[str, Any] | None:
    """None where the endpoint tells of no backfill."""
    try:
        found: dict[str, Any] = endpoint.get(path_of("meters", meter, "backfill"))
    except Refused as refused:
        if refused.refusal.status == _NOT_FOUND:
            return None
        raise
    return found


def _show(meter: dict[str, Any]) -> None:
    fields = {name: value for name, value in meter.items() if name != "backfill"}
    show_fields([*((name, _shown(value)) for name, value in fields.items()), *_backfill_fields(meter)])


def _backfill_fields(meter: dict[str, Any]) -> list[tuple[str, object]]:
    if "backfill" not in meter:
        return []
    told = meter["backfill"]
    if told is None:
        return [("backfill", "unknown")]
    return [("backfill", f"{told.get('status')}, {told.get('readEvents')} of {told.get('totalEvents')} events read")]


def _shown(value: object) -> object:
    return ", ".join(f"{key}={text}" for key, text in value.items()) if isinstance(value, dict) else value


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
