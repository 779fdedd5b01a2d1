"""How commands are declared: the options they share, and how each of them ends."""

import inspect
from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Concatenate, TypeVar

import typer

from meterhouse.cli.errors import CommandError
from meterhouse.cli.session import Given, Session
from meterhouse.cli.terminal import tell

Run = TypeVar("Run", bound=Callable[Concatenate[Session, ...], None])
_PANEL = "Every command"
Url = Annotated[str | None, typer.Option("--url", help="The endpoint; else $METERHOUSE_URL.", rich_help_panel=_PANEL)]
ApiKey = Annotated[
    str | None, typer.Option("--api-key", help="The key; else $METERHOUSE_API_KEY.", rich_help_panel=_PANEL)
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.", rich_help_panel=_PANEL)]
_SHARED = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    for name, default, annotation in (("url", None, Url), ("api_key", None, ApiKey), ("as_json", False, AsJson))
]
_CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def commands(about: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(
        help=about, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )


def command(group: typer.Typer, name: str) -> Callable[[Run], Run]:
    """Declare `run(session, …)` as a command that takes the shared options, too."""

    def declare(run: Run) -> Run:
        group.command(name)(_Invocation(run))
        return run

    return declare


class _Invocation:
    """A command as typer sees it: its own parameters and the shared ones.

    Whatever `CommandError` it raises is told on stderr and becomes the exit status.
    """

    def __init__(self, run: Callable[..., None]) -> None:
        own = list(inspect.signature(run).parameters.values())[1:]
        parameters = [*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), _CONTEXT, *_SHARED]
        self._run = run
        self.__doc__ = run.__doc__
        self.__signature__ = inspect.Signature(parameters)
        self.__annotations__ = {one.name: one.annotation for one in parameters}

    def __call__(
        self, *, context: typer.Context, url: str | None, api_key: str | None, as_json: bool, **own: object
    ) -> None:
        given = Given(url, api_key, as_json).over(context.obj or Given())
        try:
            with closing(Session(given)) as session:
                self._run(session, **own)
        except CommandError as error:
            tell(f"{context.command_path}: {error}")
            raise typer.Exit(error.exit_status) from None
