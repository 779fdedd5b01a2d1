"""`python -m tests.bench [--small] [--json FILE] [P1 …]`: what fast means here, measured and set beside its bounds."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import cold_start, ingest_decode, ingest_handler, typed_column
from tests.bench.measurement import Benchmark, Effort, Figure
from tests.bench.report import document_of, table_of

BENCHMARKS: dict[str, Benchmark] = {
    "P1": ingest_decode.measure,
    "P2": ingest_handler.measure,
    "P4": cold_start.measure,
    "P7": typed_column.measure,
}
_WIDTH = 120
_TITLES = {
    Effort.FULL: "What fast means here: work against its floor, measured in turns",
    Effort.SMALL: "A smoke run: that every benchmark works; its figures mean nothing",
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(prog="python -m tests.bench", description="Measure the table of performance.md.")
    parser.add_argument("pages", nargs="*", metavar="P", help=f"which of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that every benchmark runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    given = parser.parse_args(arguments)
    if unknown := set(given.pages) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    effort = Effort.SMALL if given.small else Effort.FULL
    figures = _measured(given.pages or list(BENCHMARKS), effort)
    # a file has no width of its own
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    console.print(table_of(figures, _TITLES[effort]))
    if given.json is not None:
        given.json.write_text(json.dumps(document_of(figures), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _measured(pages: Sequence[str], effort: Effort) -> list[Figure]:
    # the bar leaves stdout to the table, and to P2, which lets the handler's log line cost what it costs
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False, refresh_per_second=2) as progress:
        return [
            figure
            for page in pages
            for figure in BENCHMARKS[page](effort, lambda rounds, text: progress.track(rounds, description=text))
        ]


if __name__ == "__main__":
    main()
