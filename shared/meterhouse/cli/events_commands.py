"""`meterhouse events`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.errors import CommandError, Misused
from meterhouse.cli.ingest import Ingest, InvalidLines
from meterhouse.cli.ingest_plan import FileFormat, Reading, plan_ingest
from meterhouse.cli.instants import read_instant
from meterhouse.cli.session import Session
from meterhouse.cli.source_file import SourceFile
from meterhouse.cli.terminal import progress_bar, show_table, tell
from meterhouse.client.json_text import write_json

if TYPE_CHECKING:
    from meterhouse.cli.http import Query

group = commands("Usage events: send a file of them, see what came.")
_RETRIES = 8
_SHOWN_FAULTS = 20
_MEND = "mend the lines, or pass over them with --skip-invalid, and run the command again"
_AGAIN = "the same command goes on from here"
_FROM_THE_START = "send the stream again from its start: what was accepted does not count twice"


@command(group, "ingest")
def ingest(
    session: Session,
    file: Annotated[str, typer.Argument(help="JSON lines or CSV, plain or gzip; - for standard input.")],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME=TEMPLATE", help="CSV: an attribute, as in id=@origin-@{flight no}."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEMPLATE[:KIND]", help="CSV: a member of data; text, number, boolean or json."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="CSV: cells that count as empty, as in NA.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="CSV: between cells.")] = ",",
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Else told by the name, or by --map.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="The source of events that bring none; else the file's name.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Events in a request.")] = 1000,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Pass over lines that are no events.")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="A new file for passed over lines; else FILE.rejected, in this folder.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="What an interrupted run leaves for the next; else below .meterhouse/.")
    ] = None,
) -> None:
    """Send the usage events of a file; again after an interruption: none is lost and none counts twice.

    An event without an id gets one derived from its line: equal lines of one file are different events, and equal
    lines of two files under one source (the event's, --source, or the file's name) are the same event.
    """
    source_file = SourceFile(file)
    reading = Reading(tuple(map_ or ()), tuple(data or ()), tuple(missing or ()), delimiter, file_format, source)
    rejects = (rejected or Path(f"{source_file.plain_name or 'stdin'}.rejected")) if skip_invalid else None
    plan = plan_ingest(source_file, reading, session.settings, checkpoint=checkpoint, rejected=rejects)
    if plan.progress.line:
        tell(f"goes on after line {plan.progress.line}; {plan.progress.accepted} events were accepted before")
    work = Ingest(session.patient(_RETRIES).ingest, plan.checkpoint, plan.rejects, plan.progress)
    try:
        with plan.file.opened() as lines, progress_bar(plan.file.size(), lines.position) as watch:
            work.watch = watch
            work(plan.records(lines), batch)
    except (CommandError, KeyboardInterrupt) as end:
        if work.progress.accepted or not isinstance(end, Misused):
            _report(session, work)
            again = _AGAIN if plan.checkpoint is not None else _FROM_THE_START
            tell(_MEND if isinstance(end, InvalidLines) else again)
        raise
    if plan.rejects is not None:
        plan.rejects.finish()
    if plan.checkpoint is not None:
        plan.checkpoint.remove()
    _report(session, work)
    if plan.rejects is not None and work.progress.rejected:
        tell(f"the rejected lines are in {plan.rejects.path}")


def _report(session: Session, work: Ingest) -> None:
    """What came of it on stdout, the faults on stderr."""
    done = work.progress
    faults = [{"line": one.line, "field": one.field, "message": one.message} for one in work.faults]
    document = {
        "accepted": done.accepted,
        "derivedIds": done.derived_ids,
        "rejected": done.rejected,
        "line": done.line,
        "faults": faults,
    }

    def show() -> None:
        for fault in work.faults[:_SHOWN_FAULTS]:
            tell(str(fault))
        if len(work.faults) > _SHOWN_FAULTS:
            tell(f"… and {len(work.faults) - _SHOWN_FAULTS} faults more")
        derived = f", {done.derived_ids} of them by ids derived from their lines" if done.derived_ids else ""
        rejected = f", {done.rejected} lines rejected" if done.rejected else ""
        typer.echo(f"{done.accepted} accepted{derived}{rejected}")

    session.answer(document, show)


@command(group, "list")
def list_(
    session: Session,
    subject: Annotated[str | None, typer.Option(help="Of this subject.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="With this id.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="Of the customer with this id.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Occurred at or after.")] = None,
    to: Annotated[str | None, typer.Option(help="Occurred before.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """The latest usage events, with what kept a meter from reading one."""
    time = {"$gte": read_instant("--from", from_), "$lt": read_instant("--to", to)}
    wanted = {
        "subject": {"$eq": subject} if subject is not None else None,
        "id": {"$eq": event_id} if event_id is not None else None,
        "customerId": {"$in": customer} if customer else None,
        "time": {name: at for name, at in time.items() if at},
    }
    query: Query = {
        "filter": write_json({name: condition for name, condition in wanted.items() if condition}),
    }
    # v1's list would show the last 72 hours where no time is given
    found = session.endpoint.first("/api/v2/events", limit, query)
    columns = ("time", "id", "source", "type", "subject", "data", "fault")
    session.answer(found, lambda: show_table(columns, map(_row, found)))


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    event = one["event"]
    data = write_json(event["data"]) if event.get("data") is not None else None
    attributes = (event.get(name) for name in ("time", "id", "source", "type", "subject"))
    return (*attributes, data, one.get("validationError"))
