"""P4: what a handler's imports cost over a bare interpreter, each in a process of its own.

Lambda's kind of init is told to them, for ingest then loads its Kafka driver as it does there.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.bench.measurement import Effort, Figure, Kind, Run, best

_ROOT = Path(__file__).resolve().parents[2]
_ROUNDS = {Effort.FULL: 15, Effort.SMALL: 1}
_BOUNDS_MS = {
    "ingest_events": 110,
    "sink_events": 300,
    "bill_customers": 260,
    "collect_invoices": 260,
    "advance_invoices": 260,
    "sync_subscriptions": 260,
}
# without the tidying up at a process's end, which no cold start waits for
_BARE = "import os; os._exit(0)"
_IMPORT = "import os, handler; os._exit(0)"


def measure(run: Run) -> list[Figure]:
    works = [partial(_run, _BARE, _ROOT), *(partial(_run, _IMPORT, _ROOT / "functions" / name) for name in _BOUNDS_MS)]
    if run.effort is Effort.FULL:
        # the first start of all writes the bytecode
        best(*works, rounds=range(1))
    bare, *imported = best(*works, rounds=run.track(range(_ROUNDS[run.effort]), "P4 imports of the handlers"))
    return [
        Figure("P4", f"imports of {name}", Kind.OVER, taken, "bare Python", bare, bound)
        for (name, bound), taken in zip(_BOUNDS_MS.items(), imported, strict=True)
    ]


def _run(program: str, folder: Path) -> None:
    environment = {
        "PYTHONPATH": str(_ROOT / "shared"),
        "POWERTOOLS_SERVICE_NAME": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    }
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True)  # noqa: S603 - our own
