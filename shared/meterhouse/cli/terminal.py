"""What people read: tables and lines, by rich. Programs read `--json`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from meterhouse.cli.chart import ASCII, BLOCKS, Ink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Console
    from rich.progress import Progress as BarOfProgress
    from rich.table import Table

    from meterhouse.cli.catalog.view import Line
    from meterhouse.cli.checkpoint import Progress

_NARROW = 80
_WIDEST = 100_000
_STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}


def printable(value: object) -> str:
    """The value on one line, in text that cannot command a terminal; nothing for None."""
    text = "" if value is None else str(value)
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def console(*, is_error: bool = False) -> Console:
    """A console that takes texts as they are."""
    from rich.console import Console  # noqa: PLC0415 - 100 ms of import, which --json needs not wait for

    return Console(file=sys.stderr if is_error else sys.stdout, markup=False, highlight=False, emoji=False)


def width() -> int:
    """Columns for a chart: the terminal's, and 80 where there is none."""
    made = console()
    return made.width if made.is_terminal else _NARROW


def ink() -> Ink:
    """Blocks where the output can hold them."""
    try:
        BLOCKS.levels.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[str] = ()) -> None:
    """Print a table, the columns in `numbers` to the right; says so when there is nothing in it."""
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    for row in rows:
        table.add_row(*map(printable, row))
    if table.row_count:
        _print_table(table)
    else:
        console().print("nothing found")


def show_fields(fields: Sequence[tuple[str, object]]) -> None:
    """Print a thing: one line a field, those without a value left out."""
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, value in fields:
        if value not in (None, {}, []):
            table.add_row(name, printable(value))
    _print_table(table)


def _print_table(table: Table) -> None:
    # a cell that is cut or folded cannot be copied; a terminal wraps long lines itself
    made = console()
    made.width = _WIDEST
    made.print(table)


def show_lines(lines: Iterable[str]) -> None:
    made = console()
    for line in lines:
        made.print(printable(line), no_wrap=True, overflow="ignore", crop=False)


def show_marked(lines: Iterable[Line]) -> None:
    """Print the lines of a difference, coloured by their signs."""
    from rich.text import Text  # noqa: PLC0415 - as above

    made = console()
    for line in lines:
        made.print(Text(printable(line.text), _STYLES.get(line.sign, "")), no_wrap=True, overflow="ignore", crop=False)


def ask(question: str) -> bool:
    """Whether the person says yes; where nobody answers it is no."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def tell(text: str) -> None:
    """Lines for the person, beside the output."""
    sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))
    sys.stderr.flush()


@contextmanager
def progress_bar(total: int | None, position: Callable[[], int]) -> Iterator[Callable[[Progress], None]]:
    """A moving bar on stderr: the file's bytes, and how many events were accepted. It leaves nothing behind."""
    with _moving("{task.fields[accepted]} events") as made:
        task = made.add_task("", total=total, accepted=0)

        def watch(progress: Progress) -> None:
            read = None if total is None else position()
            made.update(task, completed=read, accepted=f"{progress.accepted:,}")

        yield watch


@contextmanager
def counting_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A moving bar on stderr: how many of them are done. It leaves nothing behind."""
    with _moving(f"{{task.completed}} of {{task.total}} {what}") as made:
        task = made.add_task("", total=total)
        yield lambda done: made.update(task, completed=done)


def _moving(text: str) -> BarOfProgress:
    from rich import progress as rich_progress  # noqa: PLC0415 - as above

    return rich_progress.Progress(
        rich_progress.TextColumn(text),
        rich_progress.BarColumn(30),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        console=console(is_error=True),
        redirect_stdout=False,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
