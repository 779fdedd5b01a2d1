"""`python -m tests.integration.outside [--examples N] [--seed N] [PATTERN …]`: our OpenAPI tried at length."""

import logging
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from localstack.failure import exit_status
from tests.integration.outside.drive import Driver, Fault
from tests.integration.outside.engines import houses
from tests.integration.outside.operations import Furnished, Operation, operations
from tests.integration.tenancy.house import House


def main() -> int:
    options = _options()
    told, shown = Console(file=sys.stdout, soft_wrap=True, markup=False), Console(stderr=True)
    driver = Driver(options.examples, options.seed)
    faults = 0
    # what the functions log would drown what is found
    logging.disable(logging.CRITICAL)
    with houses() as opened, _progress(shown) as progress, redirect_stdout(StringIO()):
        for fault in _judged(options.chosen, driver, opened, progress):
            faults += 1
            told.print(f"{fault}\n")
    shown.print(f"{driver.answers.total()} requests, {faults} faults; answers: {dict(sorted(driver.answers.items()))}")
    return 1 if faults else 0


def _judged(
    chosen: list[Operation], driver: Driver, opened: Callable[[], House], progress: Progress
) -> Iterator[Fault]:
    """Each operation in a namespace of its own: what one ended the next still finds."""
    task = progress.add_task("", total=len(chosen))
    for operation in chosen:
        progress.update(task, description=operation.label)
        yield from driver.faults(operation, Furnished.of(opened()))
        progress.advance(task)


def _progress(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console)


def _options() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=_positive, default=100, help="of each way an operation is asked in")
    parser.add_argument("--seed", type=int, default=None, help="other examples than last time")
    parser.add_argument("patterns", nargs="*", help="of operations such as 'POST /api/v1/plans'; all by default")
    options = parser.parse_args()
    try:
        options.chosen = _chosen(options.patterns)
    except ValueError as error:
        parser.error(str(error))
    return options


def _chosen(patterns: list[str]) -> list[Operation]:
    """The operations that one of the patterns finds; all without one.

    Raises:
        ValueError: a pattern is none, or finds no operation.
    """
    every = operations()
    found: dict[str, Operation] = {}
    for pattern in patterns or ["."]:
        try:
            like = {one.label: one for one in every if re.search(pattern, one.label)}
        except re.error as error:
            raise ValueError(f"{pattern!r} is no pattern: {error}") from None
        if not like:
            raise ValueError(f"no operation is like {pattern!r}")
        found |= like
    return [one for one in every if one.label in found]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(exit_status(Console(stderr=True), main))
