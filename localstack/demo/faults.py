"""What may go wrong, on purpose: batches sent twice and in any order, and the sink killed while it works."""

import random
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

import psutil

from localstack.process import Processes
from localstack.settings import Stack

T = TypeVar("T")
SINK = "meterhouse-sink_events"
_FUNCTION_NAME = "AWS_LAMBDA_FUNCTION_NAME"
_LOOK_SECONDS = 0.05


def shaken(batches: Sequence[T], twice: float, seed: int) -> list[T]:
    """All batches in any order, that share of them twice; a seed always shakes alike."""
    draw = random.Random(seed)  # noqa: S311 - a repeatable shake, no secret
    again = draw.sample(batches, round(len(batches) * twice))
    return draw.sample([*batches, *again], len(batches) + len(again))


class SinkKiller:
    """Kills the sink's process, `times` times in all, each at a random moment of its work, until the block is left."""

    def __init__(self, stack: Stack, times: int, seed: int, longest_pause: float = 2.0) -> None:
        self._emulator = Processes(stack.state).find("aws")
        self._draw = random.Random(seed)  # noqa: S311 - a repeatable choice of moments, no secret
        self._times = times
        self._pause = longest_pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.killed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while self.killed < self._times and not self._stop.wait(self._draw.uniform(0, self._pause)):
            self.killed += self._kill_working_sink()

    def _kill_working_sink(self) -> int:
        """1 once a sink that was at work is killed; 0 when the block is left before there is one."""
        while not self._stop.wait(_LOOK_SECONDS):
            for process in [] if self._emulator is None else self._emulator.children():
                with suppress(psutil.Error):
                    if process.environ().get(_FUNCTION_NAME) == SINK and process.cpu_percent(_LOOK_SECONDS) > 0:
                        process.kill()
                        return 1
        return 0
