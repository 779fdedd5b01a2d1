"""A part of the stack, described as data: what runs, where it listens, how to see that it is well."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localstack.settings import Port


def nothing() -> None:
    """The preparation of a part that needs none."""


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    command: tuple[str, ...]
    healthy: Callable[[], bool]
    port: Port | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = nothing
    """Runs before the process starts; must be safe to repeat."""
    settle: Callable[[], None] = nothing
    """Runs once the process is well; must be safe to repeat."""
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 60
    """Seconds from start to health, and from the stop signal to the kill."""
    cwd: Path | None = None
