"""P4: what a handler's imports cost over a bare Python, in milliseconds; the module is imported, nothing connects."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.bench.measure import Figure, best_times

ROOT = Path(__file__).resolve().parents[2]
BOUNDS = {
    "ingest_events": 110,
    "sink_events": 300,
    "sync_subscriptions": 260,
    "collect_invoices": 260,
    "advance_invoices": 260,
}


def import_handlers(*, small: bool) -> list[Figure]:
    rounds = 2 if small else 15
    bare, *started = best_times(
        partial(_start, "pass"), *(partial(_start, _handler(function)) for function in BOUNDS), rounds=rounds
    )
    detail = f"over a bare interpreter's {bare * 1e3:.0f} ms"
    return [
        Figure(f"P4 imports of {function}", (seconds - bare) * 1e3, bound, detail, unit="ms")
        for (function, bound), seconds in zip(BOUNDS.items(), started, strict=True)
    ]


def _handler(function: str) -> str:
    return f"import runpy; runpy.run_path({str(ROOT / 'functions' / function / 'handler.py')!r})"


def _start(program: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "shared"), "POWERTOOLS_SERVICE_NAME": "bench"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)  # noqa: S603 - our own program
