"""`meterhouse export`: all that a namespace has, as files in the archive's bucket."""

from typing import Annotated

import typer

from meterhouse.cli.command import command
from meterhouse.cli.errors import Failed
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import counting_bar, show_fields


def declare(group: typer.Typer) -> None:
    command(group, "export")(export)


def export(
    session: Session,
    namespace: Annotated[str, typer.Argument(help="Whose.")],
    name: Annotated[str, typer.Option(help="Of the export: the same again goes on, or changes nothing.")],
) -> None:
    """Tables as JSON lines, events as Parquet, each with its manifest. Needs AWS credentials, no API key."""
    operator = session.operator
    # what was stored just now belongs to it, too
    while (archive := operator.invoke("archive_events", {"openHours": True}))["HoursUnarchived"]:
        if not archive["HoursArchived"]:
            raise Failed("the usage store lacks what was archived: meterhouse rebuild")
    asked = {"namespace": namespace, "name": name}
    progress = operator.invoke("export_namespace", asked)
    with counting_bar("tables", progress["tables"]) as count:
        while not progress["complete"]:
            count(progress["done"])
            progress = operator.invoke("export_namespace", asked)
    events = progress["events"]
    fields = [
        ("tables", progress["tables"]),
        ("rows", progress["rows"]),
        ("their folder", progress["folder"]),
        ("hours of events", events["hours"]),
        ("events", events["rows"]),
        ("their manifests", events["folder"]),
    ]
    session.answer(progress, lambda: show_fields(fields))
