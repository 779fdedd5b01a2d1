"""`make load`: usage events at rising rates against the local stack that is up, and what became of every one.

Each rate sends requests of some events each by autocannon, in a namespace of this run whose limit lies among the rates.
In the end the meters are asked, request by request: an accepted event that is not counted, or counted twice, ends it
with status 1, and so does an answer that no client should get.
"""

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from localstack.demo.client import Client
from localstack.process import accepts
from localstack.settings import read_stack
from localstack.stack_env import read_stack_env
from tests.bench.load.accounting import Account, account
from tests.bench.load.chart import drawn
from tests.bench.load.firing import Cannon
from tests.bench.load.outcomes import UNANSWERED, Step
from tests.bench.load.usage import Meters
from tests.bench.tenants import issued_key, limit

_COLUMNS = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
_WARM_SECONDS = 10
_FAULTS_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    given, stack = options(arguments), read_stack()
    settings: Mapping[str, str] = {}
    # a stack that was put down leaves its file
    if accepts(stack.api.number):
        with suppress(FileNotFoundError):
            settings = read_stack_env(stack)
    if not settings:
        print("The local stack is not up: make up", file=sys.stderr)
        return 2
    return run(settings, given)


def run(settings: Mapping[str, str], given: Namespace) -> int:
    """Status 1 where an accepted event is not counted once, or a client was told what it never should be."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    steps, found = _measured(settings, given, console)
    console.print(_table(steps))
    faults = [*found.faults, *(fault for step in steps for fault in step.faults())]
    for fault in faults[:_FAULTS_SHOWN]:
        console.print(f"[red]{fault}[/]")
    console.print(
        f"{found.accepted:,} events were accepted, {found.kept:,} stored of refused requests; faults: {len(faults)}"
    )
    given.chart.parent.mkdir(parents=True, exist_ok=True)
    given.chart.write_text(drawn(steps, _source(given)), encoding="utf-8")
    console.print(f"the chart: {given.chart}")
    return 1 if faults else 0


def options(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="make load", description="Rising rates against the local stack that is up.")
    parser.add_argument(
        "--rates", type=_rates, default="10,25,50,100,200,400", help="requests a second, ascending, by commas"
    )
    parser.add_argument("--seconds", type=_positive, default=15, help="for each rate")
    parser.add_argument("--events", type=_positive, default=10, help="in each request")
    parser.add_argument("--limit", type=_positive, default=75, help="requests a second that the namespace may")
    parser.add_argument("--patience", type=float, default=60, help="seconds without news before the sink is given up")
    parser.add_argument("--chart", type=Path, default=Path(".local/load.svg"), help="where the SVG goes")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _rates(text: str) -> list[int]:
    return sorted({_positive(rate) for rate in text.split(",")})


def _measured(settings: Mapping[str, str], given: Namespace, console: Console) -> tuple[list[Step], Account]:
    namespace, url = f"load-{time.time_ns() // 10**9}", settings["METERHOUSE_URL"]
    limit(settings, namespace, given.limit, 2 * given.limit)
    key = issued_key(settings, namespace)
    client = Client(url, key)
    meters = Meters(client)
    meters.create()
    cannon = Cannon.installed(url, key)
    steps = list[Step]()
    with Progress(*_COLUMNS, TimeElapsedColumn(), console=console) as progress:
        # environments start while nothing is measured, one after the other
        steps.append(_fired(cannon, progress, "warm", 1, min(_WARM_SECONDS, given.seconds), given.events))
        steps += [_fired(cannon, progress, f"r{rate}", rate, given.seconds, given.events) for rate in given.rates]
        asking = progress.add_task("asking the meters", total=None, told="")
        accepted = given.events * sum(one.is_accepted for step in steps for one in step.requests)
        meters.wait_for(accepted, given.patience)
        found = account(steps, meters.counted(steps), given.events)
        progress.update(asking, total=1, completed=1)
    client.close()
    return steps[1:], found


def _fired(cannon: Cannon, progress: Progress, name: str, rate: int, seconds: int, events: int) -> Step:
    task = progress.add_task(f"{rate} requests a second", total=rate * seconds, told="")
    step = cannon.fire(name, rate, seconds, events, lambda _: progress.advance(task))
    progress.update(task, told=_told(step))
    return step


def _told(step: Step) -> str:
    names = {UNANSWERED: "no answer"}
    return ", ".join(f"{count:,} x {names.get(status, status)}" for status, count in sorted(step.statuses.items()))


def _table(steps: Sequence[Step]) -> Table:
    table = Table(
        "requests a second", "answers", "accepted a second", "p50 ms", "p99 ms", title="events at rising rates"
    )
    for step in steps:
        latency = [f"{one:,.0f}" for one in step.latency or ()] or ["", ""]
        table.add_row(f"{step.rate}", _told(step), f"{step.accepted_a_second:,.0f}", *latency)
    return table


def _source(given: Namespace) -> str:
    return (
        f"{given.events} events a request, {given.seconds} s a rate, the namespace limited to {given.limit} "
        f"requests a second; {time.strftime('%Y-%m-%d', time.gmtime())}"
    )


if __name__ == "__main__":
    sys.exit(main())
