"""The deployed local stack, started once for all journeys, beside any stack of the developer's own."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, lockf
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.request import Request, urlopen

import pytest
from openmeter import Client

from localstack.aws import aws_client, function_log
from localstack.settings import read_stack
from localstack.stack_env import read_stack_env
from tests.e2e.embedding import ALLOWED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PARTS = 7
ISSUER = 6
"""Of the ports, which the stack leaves free: where the issuer of people's tokens is, for who starts one."""
PATIENCE_SECONDS = 180
RUNNING = pytest.StashKey[ExitStack]()
"""What stops the stack of this worker."""


@contextmanager
def free_port_base() -> Iterator[int]:
    """The first of some adjacent free ports, which no other run of this user takes while the block lasts."""
    with (Path(gettempdir()) / f"meterhouse-e2e-ports-{os.getuid()}").open("a") as claims:
        for base in range(21000, 32000, 50):
            with suppress(OSError):
                # One byte of the file for each base; what locks it ends with the process at the latest.
                lockf(claims, LOCK_EX | LOCK_NB, 1, base)
                with ExitStack() as probes:
                    for offset in range(PARTS):
                        probes.enter_context(socket.socket()).bind(("127.0.0.1", base + offset))
                break
        else:
            raise RuntimeError("no free ports between 21000 and 32000")
        yield base


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    state = tmp_path_factory.mktemp("stack")
    with free_port_base() as base, ExitStack() as running:
        environ = {
            **os.environ,
            "METERHOUSE_STATE": str(state),
            "METERHOUSE_PORT_BASE": str(base),
            "METERHOUSE_FRAME_ANCESTORS": ALLOWED,
            "METERHOUSE_OIDC_ISSUER": f"http://127.0.0.1:{base + ISSUER}",
        }
        command = [sys.executable, "-m", "localstack"]
        request.config.stash[RUNNING] = running
        running.callback(subprocess.run, [*command, "down"], cwd=ROOT, env=environ, check=True)
        subprocess.run([*command, "up"], cwd=ROOT, env=environ, check=True)  # noqa: S603 - our own words
        yield {**read_stack_env(read_stack(environ)), "ISSUER_PORT": str(base + ISSUER)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever comes first waits for the deployment of its stack, maybe beside that of another."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(900))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After the last journey the stack stops: its schedules cost the tests that follow a tenth of a core."""
    yield
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        item.config.stash.get(RUNNING, ExitStack()).close()


@pytest.fixture(scope="session")
def cloud(stack: dict[str, str]) -> Callable[[str], Any]:
    """Clients of the emulated AWS, by service."""

    def client(service: str) -> Any:
        return aws_client(service, stack)

    return client


@pytest.fixture(scope="session")
def sdk(stack: dict[str, str]) -> Client:
    return Client(endpoint=stack["METERHOUSE_URL"], token=stack["METERHOUSE_API_KEY"])


@pytest.fixture(scope="session")
def new_key(cloud: Callable[[str], Any]) -> Callable[[str], str]:
    """Opens a namespace with a key of its own, as an operator would."""

    def issue(namespace: str) -> str:
        order = json.dumps({"namespace": namespace, "name": "e2e"}).encode()
        answer = cloud("lambda").invoke(FunctionName="meterhouse-issue_api_key", Payload=order)
        key: str = json.loads(answer["Payload"].read())["key"]
        return key

    return issue


@pytest.fixture(scope="session")
def new_namespace(stack: dict[str, str], new_key: Callable[[str], str]) -> Callable[[str], Client]:
    """The SDK in a namespace that is opened for it."""
    return lambda name: Client(endpoint=stack["METERHOUSE_URL"], token=new_key(name))


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], object], object], None]:
    """Waits until a call answers what is expected; the sink is asynchronous by design."""

    def wait(ask: Callable[[], object], expected: object) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := ask()) != expected and time.monotonic() < deadline:
            time.sleep(0.2)
        assert answer == expected

    return wait


@pytest.fixture(scope="session")
def relayed(cloud: Callable[[str], Any]) -> Callable[[], None]:
    """Relays what is in the outbox at once: for journeys that wait for what follows, not for the minute's schedule."""

    def relay() -> None:
        answer = cloud("lambda").invoke(FunctionName="meterhouse-relay_outbox", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()

    return relay


@pytest.fixture(scope="session")
def relaying(relayed: Callable[[], None]) -> Callable[[], AbstractContextManager[None]]:
    """Relays what is in the outbox every second, in a thread, while a block lasts."""

    @contextmanager
    def lasting() -> Iterator[None]:
        over = threading.Event()

        def relay() -> None:
            while not over.wait(1):
                relayed()

        with ThreadPoolExecutor(1) as beside:
            running = beside.submit(relay)
            try:
                yield
            finally:
                over.set()
        running.result()

    return lasting


@pytest.fixture(scope="session")
def backfilled(stack: dict[str, str]) -> Callable[[str], dict[str, Any]]:
    """Waits until a meter, by its slug, has read the events before it; what its backfill tells then."""
    headers = {"Authorization": f"Bearer {stack['METERHOUSE_API_KEY']}"}

    def wait(slug: str) -> dict[str, Any]:
        request = Request(f"{stack['METERHOUSE_URL']}/api/v1/meters/{slug}/backfill", headers=headers)  # noqa: S310 - of the stack
        # the relay alone begins within a minute
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with urlopen(request) as answer:  # noqa: S310 - as above
                told: dict[str, Any] = json.load(answer)
            if told["status"] == "complete" or time.monotonic() > deadline:
                assert told["status"] == "complete"
                return told
            time.sleep(0.5)

    return wait


@pytest.fixture(scope="session")
def run_invoices(stack: dict[str, str], cloud: Callable[[str], Any]) -> Callable[[str, str, str], None]:
    """Runs the deployed workflow to its end: `run_invoices(name, as_of, namespace)` bills all that is due in there.

    A run goes over every namespace and fails where one customer could not be billed: those of other journeys, some of
    which break something on purpose, are not this one's concern.
    """

    def run(name: str, as_of: str, namespace: str) -> None:
        workflows = cloud("stepfunctions")
        arn = workflows.start_execution(
            stateMachineArn=stack["INVOICE_RUN_ARN"], name=name, input=json.dumps({"asOf": as_of})
        )["executionArn"]
        while (ended := workflows.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(0.2)
        batches = _billed(workflows, arn)
        ours = [one["complete"] for one in batches if one["batch"]["namespace"] == namespace]
        if ended["status"] != "SUCCEEDED" and (ended.get("error") != "InvoiceRunIncomplete" or not all(ours)):
            steps = ("await_watermark", "bill_customers", "sync_subscriptions", "collect_invoices", "advance_invoices")
            logs = "\n".join(line for step in steps for line in function_log(stack, step)[-20:])
            pytest.fail(f"{ended['status']}: {ended.get('error')}, {ended.get('cause')}\n{batches}\n{logs}")

    return run


def _billed(workflows: Any, arn: str) -> list[dict[str, Any]]:
    """What a run tells of each of its batches."""
    pages = workflows.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = (event for page in pages for event in page["events"] if event["type"] == "MapStateExited")
    ends = (event["stateExitedEventDetails"]["output"] for event in events)
    return [batch for end in ends for batch in json.loads(end)["billed"]]
