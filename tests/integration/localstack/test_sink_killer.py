"""The killer of the demo under faults, on real processes: the sink dies as often as it was told, and nothing else."""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from localstack.demo.faults import SINK, SinkKiller
from localstack.part import Part
from localstack.process import Processes
from localstack.settings import Stack, read_stack

OTHER = "meterhouse-ingest_events"
EMULATOR = """
import os, pathlib, subprocess, sys
def working(name):
    env = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": name}
    return subprocess.Popen([sys.executable, "-c", "while True: pass"], env=env)
sink, other, deaths = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
working(other)
deaths.touch()
while True:
    working(sink).wait()
    with deaths.open("a") as lines:
        lines.write("dead\\n")
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return read_stack({"METERHOUSE_STATE": str(tmp_path)})


@pytest.fixture
def deaths(stack: Stack) -> Iterator[Path]:
    """Where an emulator, whose functions are always at work, notes that a sink has died."""
    path = stack.state / "deaths"
    command = (sys.executable, "-c", EMULATOR, SINK, OTHER, str(path))
    processes = Processes(stack.state)
    processes.start(Part("aws", command, healthy=path.exists))
    yield path
    processes.stop("aws")


def functions(stack: Stack) -> list[str]:
    emulator = Processes(stack.state).find("aws")
    assert emulator
    names = []
    for process in emulator.children():
        # it was killed as we looked, or is not yet the program that it becomes
        with suppress(psutil.Error, KeyError):
            names.append(process.environ()["AWS_LAMBDA_FUNCTION_NAME"])
    return sorted(names)


def test_the_sink_is_killed_so_many_times_and_no_other_function(stack: Stack, deaths: Path) -> None:
    with SinkKiller(stack, times=3, seed=1, longest_pause=0) as killer:
        while killer.killed < 3:
            time.sleep(0.02)

    while len(deaths.read_text().splitlines()) < 3 or functions(stack) != [OTHER, SINK]:
        time.sleep(0.02)
    assert killer.killed == 3


def test_without_a_sink_nothing_is_killed_and_the_block_can_be_left(stack: Stack) -> None:
    with SinkKiller(stack, times=3, seed=1, longest_pause=0) as killer:
        pass

    assert killer.killed == 0
