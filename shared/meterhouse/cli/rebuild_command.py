"""`meterhouse rebuild`: the usage store anew, from the archive and the log."""

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Annotated, Any

import typer

from meterhouse.cli.command import command
from meterhouse.cli.operator import Operator
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import counting_bar, tell

_FUNCTION = "rebuild_usage"


def declare(group: typer.Typer) -> None:
    command(group, "rebuild")(rebuild)


def rebuild(
    session: Session,
    workers: Annotated[int, typer.Option(min=1, max=64, help="So many at once, each a share of the archive.")] = 4,
) -> None:
    """Rebuild a usage store that was lost; ended anywhere, it goes on. Needs AWS credentials, no API key."""
    operator = session.operator
    progress = operator.invoke(_FUNCTION, {"worker": 0, "workers": 64})
    tell(f"{progress['hours']} hours in the archive, {progress['held']} of them in the store")
    _take_hours(operator, progress, workers)
    tell("the archive is taken up; what the log has beyond it follows, and rollups")
    while not (progress := operator.invoke(_FUNCTION, {}))["complete"]:
        tell(f"{progress['records_left']} records of the log are left")
    session.answer(progress, lambda: typer.echo(f"rebuilt: {progress['held']} hours of the archive, and the log"))


def _take_hours(operator: Operator, progress: dict[str, Any], workers: int) -> None:
    """Every worker's share, until nothing is left of it."""
    with counting_bar("hours", progress["hours"]) as count, ThreadPoolExecutor(workers) as threads:
        shares = [{"worker": worker, "workers": workers} for worker in range(workers)]
        running = {threads.submit(operator.invoke, _FUNCTION, share): share for share in shares}
        while running:
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for one in ended:
                share, answer = running.pop(one), one.result()
                count(answer["held"])
                if answer["mine"]:
                    running[threads.submit(operator.invoke, _FUNCTION, share)] = share
