"""`meterhouse query`: a meter's usage as a chart and a table."""

from typing import Annotated

import typer

from meterhouse.cli.command import command
from meterhouse.cli.errors import Failed, Misused
from meterhouse.cli.http import STRANGER, path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.meters_commands import Meter
from meterhouse.cli.pairs import read_pairs
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import ink, show_lines, show_table, width
from meterhouse.cli.usage_view import read_usage, usage_chart, usage_table


def declare(group: typer.Typer) -> None:
    command(group, "query")(query)


def query(
    session: Session,
    meter: Meter,
    from_: Annotated[str | None, typer.Option("--from", help="Instant, or a date of --zone.")] = None,
    to: Annotated[str | None, typer.Option(help="Instant, or a date of --zone; not included.")] = None,
    window: Annotated[str | None, typer.Option(help="MINUTE, HOUR, DAY or MONTH.")] = None,
    zone: Annotated[str, typer.Option(help="IANA time zone of the windows.")] = "UTC",
    subject: Annotated[list[str] | None, typer.Option(help="Of these subjects.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="Of the customers with these ids.")] = None,
    group_by: Annotated[list[str] | None, typer.Option("--group-by", help="A key of the meter, or subject.")] = None,
    filter_: Annotated[
        list[str] | None, typer.Option("--filter", metavar="KEY=VALUE", help="One of a key's values is enough.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """The usage that a meter counts."""
    if csv and session.json:
        raise Misused("--csv and --json are two outputs: choose one")
    asked = {
        "from": read_instant("--from", from_, zone),
        "to": read_instant("--to", to, zone),
        "windowSize": window.upper() if window else None,
        "windowTimeZone": zone,
        "subject": subject,
        "filterCustomerId": customer,
        "groupBy": group_by,
        "filterGroupBy": _filters(filter_ or []),
    }
    body = {name: value for name, value in asked.items() if value}
    path = path_of("meters", meter, "query")
    if csv:
        typer.echo(session.endpoint.csv(path, body), nl=False)
        return
    found = session.endpoint.post(path, body, repeatable=True)
    session.answer(found, lambda: _draw(found, group_by or [], is_windowed=window is not None))


def _draw(found: object, group_by: list[str], *, is_windowed: bool) -> None:
    try:
        usage = read_usage(found, group_by)
    except (KeyError, TypeError, ArithmeticError):
        raise Failed(f"the answer is no usage: {STRANGER}") from None
    if not usage:
        typer.echo("no usage")
        return
    show_lines([*usage_chart(usage, width(), ink(), is_windowed=is_windowed), ""])
    show_table(*usage_table(usage, group_by), numbers=("value",))


def _filters(given: list[str]) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for name, value in read_pairs("--filter", given, "KEY=VALUE"):
        filters.setdefault(name, []).append(value)
    return filters
