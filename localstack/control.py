"""Brings a stack up and down as a whole; reports every step to whoever watches."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from localstack.deploy import Deployment, deploy
from localstack.part import Part
from localstack.parts import NAMES, cloud, gateway_part, stores
from localstack.process import PartFailedError, Processes
from localstack.settings import Stack
from localstack.stack_env import write_stack_env


class Watcher(Protocol):
    """Sees what happens; the terminal is one, a test may be another."""

    def starting(self, name: str) -> None: ...
    def started(self, name: str, detail: str) -> None: ...
    def unchanged(self, name: str, detail: str) -> None: ...
    def stopped(self, name: str) -> None: ...
    def deploying(self, done: int, total: int) -> None: ...
    def deployed(self, deployment: Deployment) -> None: ...


def up(stack: Stack, watcher: Watcher, *, external_stores: bool = False) -> bool:
    """Starts what does not run, deploys what changed. True: anything was done.

    A part restarts when one before it did: topics, tables and the emulator's account belong together. With
    `external_stores` the servers of compose.yaml, or others on the same ports with the same logins, are used.

    Raises:
        PartFailedError: a part did not come up.
        DeployFailedError: the CDK failed.
        In both cases, and when interrupted, what this call started is stopped again.
    """
    processes = Processes(stack.state)
    started: list[str] = []
    with _alone(stack):
        try:
            for part in stores(stack):
                if external_stores:
                    _require(part, watcher)
                else:
                    _ensure(processes, part, watcher, started)
            for part in cloud(stack):
                _ensure(processes, part, watcher, started)
            watcher.starting("app")
            deployment = deploy(stack, watcher.deploying)
            watcher.deployed(deployment)
            write_stack_env(stack, deployment.outputs)
            host = urlsplit(deployment.outputs["ApiEndpoint"]).netloc
            _ensure(processes, gateway_part(stack, host), watcher, started)
        except BaseException:
            for name in reversed(started):
                if processes.stop(name):
                    watcher.stopped(name)
            raise
    return bool(started) or deployment.fresh


def down(stack: Stack, watcher: Watcher) -> bool:
    """Stops every part in reverse order; data stays. False: nothing ran."""
    processes = Processes(stack.state)
    any_ran = False
    with _alone(stack):
        for name in reversed(NAMES):
            if processes.stop(name):
                watcher.stopped(name)
                any_ran = True
    return any_ran


def _ensure(processes: Processes, part: Part, watcher: Watcher, started: list[str]) -> None:
    detail = f"127.0.0.1:{part.port.number}" if part.port else ""
    if not started and processes.is_current(part):
        watcher.unchanged(part.name, detail)
        return
    watcher.starting(part.name)
    started.append(part.name)
    processes.start(part)
    watcher.started(part.name, detail)


def _require(part: Part, watcher: Watcher) -> None:
    if part.port is None or not part.healthy():
        raise PartFailedError(f"{part.name} does not answer on port {part.port and part.port.number}")
    watcher.unchanged(part.name, f"127.0.0.1:{part.port.number}")


@contextmanager
def _alone(stack: Stack) -> Iterator[None]:
    stack.state.mkdir(parents=True, exist_ok=True)
    with (stack.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PartFailedError(f"another command is at work on {stack.state}; wait for it") from None
        yield
