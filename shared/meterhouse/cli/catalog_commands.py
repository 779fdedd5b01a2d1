"""`meterhouse catalog`: what is sold, as files in git."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from meterhouse.cli.catalog.apply import make
from meterhouse.cli.catalog.planned import Planned, plan, require_fresh, write_plan
from meterhouse.cli.catalog.pull import Pulled, pull
from meterhouse.cli.catalog.view import plan_lines
from meterhouse.cli.command import command, commands
from meterhouse.cli.errors import Misused
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import ask, show_marked, tell, width

group = commands("Plans as code: meters, features, add-ons and plans as YAML in git. Nothing changes before apply.")
_CHANGES = 4
Catalog = Annotated[Path, typer.Argument(metavar="PATH", help="A folder, or one .yaml file.")]
_FOLDER = Path("catalog")


@command(group, "pull")
def pull_(
    session: Session,
    path: Catalog = _FOLDER,
    force: Annotated[bool, typer.Option("--force", help="Write over files that say something else.")] = False,
) -> None:
    """Write what is on sale, and else what is drafted, as YAML."""
    pulled = pull(session.endpoint, path, is_forced=force)
    document = {"written": pulled.written, "unchanged": pulled.unchanged, "onlyHere": pulled.only_here}
    session.answer(document, lambda: _show_pulled(pulled))


@command(group, "plan")
def plan_(
    session: Session,
    path: Catalog = _FOLDER,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Keep the plan, for apply --plan.")] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit status 4 when there is something to change.")
    ] = False,
) -> None:
    """Show what apply would change, what is against it, and whom it touches."""
    planned = plan(session.endpoint, path)
    if out is not None:
        write_plan(out, planned)
    session.answer(planned.document(), lambda: show_marked(plan_lines(planned, width())))
    planned.require_possible()
    if exit_code and planned.changes.made:
        raise typer.Exit(_CHANGES)


@command(group, "apply")
def apply(
    session: Session,
    path: Catalog = _FOLDER,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    made: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Refuse if anything changed since this plan.")
    ] = None,
) -> None:
    """Make the endpoint have what the files say: shows the plan, asks, drafts, publishes, archives."""
    planned = plan(session.endpoint, path)
    if made is not None:
        require_fresh(made, planned)
    if not session.json:
        show_marked(plan_lines(planned, width()))
    planned.require_possible()
    if planned.changes.made and not yes:
        _ask(session)
    done = list(_make(session, planned))
    session.answer({"done": done, "notes": planned.changes.notes}, lambda: None)


def _ask(session: Session) -> None:
    if session.json or not ask("Make these changes?"):
        raise Misused("nothing was changed: answer y, or give --yes")


def _make(session: Session, planned: Planned) -> Iterator[dict[str, Any]]:
    for change, what in make(session.endpoint, planned.changes.made):
        name = "/".join(change.name)
        if not session.json:
            typer.echo(f"{name}: {what}")
        yield {"thing": name, "done": what}


def _show_pulled(pulled: Pulled) -> None:
    for file in pulled.written:
        typer.echo(f"wrote {file}")
    typer.echo(f"{pulled.unchanged} unchanged")
    if pulled.only_here:
        tell(f"in the files alone: {', '.join(pulled.only_here)}")
