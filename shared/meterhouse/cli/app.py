"""`meterhouse`: the command line."""

import sys
from io import TextIOWrapper

import typer

from meterhouse.cli import (
    audit_command,
    backtest_command,
    catalog_commands,
    conflicts_command,
    conservation_command,
    customers_commands,
    dead_letters_commands,
    events_commands,
    export_command,
    findings_commands,
    invoices_commands,
    keys_commands,
    meters_commands,
    query_command,
    rebuild_command,
    subjects_commands,
)
from meterhouse.cli.command import ApiKey, AsJson, Url, commands
from meterhouse.cli.session import Given

app = commands(
    "Usage metering from the terminal: ingest, meters, queries, what was not counted and why. Speaks to a deployed "
    "endpoint. Exit status: 0 done, 1 the endpoint objects or the outcome is bad, 2 misused, 3 no answer."
)


@app.callback()
def _root(context: typer.Context, url: Url = None, api_key: ApiKey = None, as_json: AsJson = False) -> None:
    context.obj = Given(url, api_key, as_json)


app.add_typer(events_commands.group, name="events")
app.add_typer(meters_commands.group, name="meters")
query_command.declare(app)
backtest_command.declare(app)
app.add_typer(catalog_commands.group, name="catalog")
app.add_typer(invoices_commands.group, name="invoices")
app.add_typer(keys_commands.group, name="keys")
app.add_typer(subjects_commands.group, name="subjects")
app.add_typer(customers_commands.group, name="customers")
app.add_typer(dead_letters_commands.group, name="dead-letters")
app.add_typer(findings_commands.group, name="findings")
audit_command.declare(app)
conservation_command.declare(app)
conflicts_command.declare(app)
rebuild_command.declare(app)
export_command.declare(app)


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # a character that this terminal lacks is no reason to end
            stream.reconfigure(errors="backslashreplace")
    app()
