"""The stack as a whole, everything real but the deployment: up, up again, failures in the middle, down."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from localstack import control
from localstack.deploy import Deployment
from localstack.fixtures import free_ports
from localstack.parts import NAMES, stores
from localstack.process import PartFailedError, Processes
from localstack.settings import Port, Stack


class Notes:
    """A watcher that keeps what it sees."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def starting(self, name: str) -> None:
        """Not kept: every start is followed by its outcome."""

    def started(self, name: str, detail: str) -> None:
        assert detail or name == "bridge"
        self.seen.append(("started", name))

    def unchanged(self, name: str, detail: str) -> None:
        assert detail or name == "bridge"
        self.seen.append(("runs", name))

    def stopped(self, name: str) -> None:
        self.seen.append(("stopped", name))

    def deploying(self, done: int, total: int) -> None:
        """Not kept."""

    def deployed(self, deployment: Deployment) -> None:
        self.seen.append(("deployed" if deployment.fresh else "unchanged", "app"))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    ports = [Port(port.number, f"METERHOUSE_PORT_{n}") for n, port in enumerate(free_ports(6))]
    stack = Stack(tmp_path / "state", *ports)
    yield stack
    control.down(stack, Notes())


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The emulator's processes that something was deployed to."""
    emulators: list[int] = []

    def deploy(stack: Stack, _: object) -> Deployment:
        emulator = Processes(stack.state).find("aws")
        assert emulator is not None
        fresh = emulator.pid not in emulators
        emulators.append(emulator.pid)
        return Deployment({"ApiEndpoint": "http://01b35d5b.execute-api.localhost:4566"}, fresh)

    def write_nothing(_: Stack, __: Mapping[str, str]) -> None:
        """There is no API key to read."""

    monkeypatch.setattr(control, "deploy", deploy)
    monkeypatch.setattr(control, "write_stack_env", write_nothing)
    return emulators


@pytest.mark.usefixtures("deployments")
def test_up_starts_everything_in_order_and_a_second_up_does_nothing(stack: Stack) -> None:
    first, second, last = Notes(), Notes(), Notes()
    assert control.up(stack, first)
    assert first.seen == [*(("started", name) for name in NAMES[:-1]), ("deployed", "app"), ("started", "gateway")]
    assert not control.up(stack, second)
    assert second.seen == [*(("runs", name) for name in NAMES[:-1]), ("unchanged", "app"), ("runs", "gateway")]
    assert control.down(stack, last)
    assert last.seen == [("stopped", name) for name in reversed(NAMES)]
    assert not control.down(stack, Notes())


def test_a_part_that_died_comes_back_with_everything_after_it(stack: Stack, deployments: list[int]) -> None:
    control.up(stack, Notes())
    Processes(stack.state).stop("kafka")
    notes = Notes()
    assert control.up(stack, notes)
    assert notes.seen == [
        *(("runs", name) for name in ("postgres", "clickhouse")),
        *(("started", name) for name in ("kafka", "aws", "bridge", "stripe")),
        ("deployed", "app"),
        ("started", "gateway"),
    ]
    assert len(set(deployments)) == 2


def test_an_interrupt_in_the_middle_leaves_nothing_running(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Deployment:
        raise KeyboardInterrupt

    monkeypatch.setattr(control, "deploy", fail)
    with pytest.raises(KeyboardInterrupt):
        control.up(stack, Notes())
    assert not any(Processes(stack.state).find(name) for name in NAMES)


@pytest.mark.usefixtures("deployments")
def test_external_stores_are_used_and_left_alone(stack: Stack) -> None:
    elsewhere, notes = Processes(stack.state / "elsewhere"), Notes()
    for part in stores(stack):
        elsewhere.start(part)
    try:
        control.up(stack, notes, external_stores=True)
        control.down(stack, notes)
        assert [name for state, name in notes.seen if state == "stopped"] == ["gateway", "stripe", "bridge", "aws"]
    finally:
        for part in stores(stack):
            assert elsewhere.stop(part.name)


def test_an_external_store_that_is_not_there_is_named(stack: Stack) -> None:
    with pytest.raises(PartFailedError, match=rf"postgres does not answer on port {stack.postgres.number}"):
        control.up(stack, Notes(), external_stores=True)
