"""`python -m tests.bench.isolation [--seconds N]`: a quiet tenant beside a flood, on the local stack that is up.

The quiet one sends an event ten times a second; the other sends as fast as its threads get answers, first without a
limit, then with one. Everything runs on this machine: the flood's own program takes from it what it takes.
"""

import json
import statistics
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
from rich.console import Console
from rich.table import Table

from localstack.settings import read_stack
from localstack.stack_env import read_stack_env
from tests.bench.tenants import issued_key, limit

_PAUSE = 0.1
_FLOODING = 4
_RATE = 20
_HEADERS = {"content-type": "application/cloudevents+json"}


def main() -> None:
    parser = ArgumentParser(prog="tests.bench.isolation")
    parser.add_argument("--seconds", type=int, default=15)
    seconds = parser.parse_args().seconds
    settings, run = read_stack_env(read_stack()), f"{time.time_ns() // 10**9}"
    quiet, flooding = (issued_key(settings, f"{name}-{run}") for name in ("quiet", "flood"))
    limited = issued_key(settings, f"limited-{run}")
    limit(settings, f"limited-{run}", _RATE, 2 * _RATE)
    held = f"beside a flood limited to {_RATE}/s"
    floods = {"alone": None, "beside a flood": flooding, held: limited}
    rows = [(name, *_measured(settings, quiet, key, seconds)) for name, key in floods.items()]
    Console(width=140).print(_table(rows))


def _measured(
    settings: Mapping[str, str], quiet: str, flooding: str | None, seconds: int
) -> tuple[list[float], list[float], Counter[int]]:
    """Milliseconds of the quiet one, of what the flood had accepted, and the answers to the flood."""
    url, accepted, answers = settings["METERHOUSE_URL"], list[float](), Counter[int]()
    with _flood(url, flooding, accepted, answers):
        time.sleep(2)
        until, quiet_ones = time.monotonic() + seconds, list[float]()
        with _client(url, quiet) as client:
            while time.monotonic() < until:
                status, took = _send(client)
                assert status == httpx.codes.NO_CONTENT, status
                quiet_ones.append(took)
                time.sleep(_PAUSE)
    return quiet_ones, accepted, answers


@contextmanager
def _flood(url: str, key: str | None, accepted: list[float], answers: Counter[int]) -> Iterator[None]:
    stop = Event()

    def send() -> None:
        with _client(url, str(key)) as client:
            while not stop.is_set():
                status, took = _send(client)
                answers[status] += 1
                if status == httpx.codes.NO_CONTENT:
                    accepted.append(took)

    with ThreadPoolExecutor(_FLOODING) as pool:
        sending = [pool.submit(send) for _ in range(_FLOODING if key else 0)]
        try:
            yield
        finally:
            stop.set()
    for one in sending:
        one.result()


def _client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}", **_HEADERS}, timeout=60)


def _send(client: httpx.Client) -> tuple[int, float]:
    event = {"specversion": "1.0", "id": str(time.monotonic_ns()), "source": "bench", "type": "t", "subject": "s"}
    began = time.perf_counter()
    status = client.post("/api/v1/events", content=json.dumps(event)).status_code
    return status, (time.perf_counter() - began) * 1000


def _table(rows: list[tuple[str, list[float], list[float], Counter[int]]]) -> Table:
    table = Table("the quiet tenant", "p50 ms", "p99 ms", "the flood's answers", "p50 ms", "p99 ms")
    for name, quiet, flood, answers in rows:
        told = ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))
        table.add_row(name, *_percentiles(quiet), told, *_percentiles(flood))
    return table


def _percentiles(values: list[float]) -> tuple[str, str]:
    if len(values) < 2:
        return "", ""
    cuts = statistics.quantiles(values, n=100)
    return f"{statistics.median(values):.0f}", f"{cuts[98]:.0f}"


if __name__ == "__main__":
    main()
