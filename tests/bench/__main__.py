"""`python -m tests.bench [--small | --processor] [--json FILE] [--write FILE] [P1 …]`: what is fast, and its bounds."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from localstack.failure import exit_status
from tests.bench import (
    all_customers,
    burn_down,
    cold_start,
    dirty_hour,
    ingest_decode,
    ingest_handler,
    invoice_run,
    invoice_writing,
    one_customer,
    rated_lines,
    sink_batch,
    typed_column,
    warm_memory,
)
from tests.bench.engines import Engines
from tests.bench.measurement import Benchmark, Effort, Figure, Run
from tests.bench.report import Facts, document_of, facts_of, table_of, write_page

BENCHMARKS: dict[str, Benchmark] = {
    "P1": ingest_decode.measure,
    "P2": ingest_handler.measure,
    "P3": sink_batch.measure,
    "P4": cold_start.measure,
    "P5": one_customer.measure,
    "P6": all_customers.measure,
    "P7": typed_column.measure,
    "P8": dirty_hour.measure,
    "P9": invoice_run.measure,
    "P10": invoice_writing.measure,
    "P11": burn_down.measure,
    "P12": warm_memory.measure,
    "P14": rated_lines.measure,
}
_BY_PROCESSOR = ("P9", "P10")
_WIDTH = 140
_TITLES = {
    Effort.FULL: "What fast means here: work against its floor, measured in turns",
    Effort.SMALL: "A smoke run: that every benchmark works; its figures mean nothing",
    Effort.PROCESSOR: "By processor time: work against its floor, measured in turns",
}


def main(arguments: Sequence[str] | None = None) -> None:
    given = _given(arguments)
    figures, facts = _measured(given.pages or list(BENCHMARKS), given.effort)
    # a file has no width of its own
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    console.print(table_of(figures, _TITLES[given.effort]))
    if given.json is not None:
        given.json.write_text(
            json.dumps(document_of(figures, facts), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    if given.write is not None:
        write_page(given.write, figures, facts)


def _given(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m tests.bench", description="Measure the table of performance.md.")
    parser.add_argument("pages", nargs="*", metavar="P", help=f"which of {', '.join(BENCHMARKS)}; all by default")
    small, processor = "a few seconds, to see that every benchmark runs", "P9 and P10 by processor time, a few minutes"
    efforts = parser.add_mutually_exclusive_group()
    efforts.add_argument("--small", dest="effort", action="store_const", const=Effort.SMALL, help=small)
    efforts.add_argument("--processor", dest="effort", action="store_const", const=Effort.PROCESSOR, help=processor)
    parser.set_defaults(effort=Effort.FULL)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the whole table into this page")
    given = parser.parse_args(arguments)
    if unknown := set(given.pages) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if given.effort is Effort.PROCESSOR and not set(given.pages or BENCHMARKS) <= set(_BY_PROCESSOR):
        parser.error(f"by processor time there are {', '.join(_BY_PROCESSOR)}: name them")
    if given.write and (given.effort is not Effort.FULL or given.pages):
        parser.error("a page holds the figures of one whole run: --write goes with no --small and no choice of rows")
    return given


def _measured(pages: Sequence[str], effort: Effort) -> tuple[list[Figure], Facts]:
    # the bar leaves stdout to the table, and to P2, which lets the handler's log line cost what it costs
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with (
        ExitStack() as stack,
        Progress(*columns, console=console, redirect_stdout=False, refresh_per_second=2) as progress,
    ):
        engines = Engines(stack)
        run = Run(effort, lambda steps, text: progress.track(steps, description=text), engines)
        figures = [figure for page in pages for figure in BENCHMARKS[page](run)]
        return figures, facts_of(engines)


def _measure() -> int:
    main()
    return 0


if __name__ == "__main__":
    sys.exit(exit_status(Console(stderr=True), _measure))
