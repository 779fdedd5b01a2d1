"""Real workers keep a file whole: a release of pytest or xdist that forgets it is noticed here."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = {"tests/unit/kernel/test_money.py", "tests/unit/kernel/test_period.py"}
RAN = re.compile(r"^\[(gw\d)\] .* PASSED (tests/\S+?)::", re.MULTILINE)


def test_each_file_is_run_by_one_worker_and_both_workers_run_something() -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "pytest", *FILES, "--numprocesses", "2", "--verbose", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    workers = defaultdict(set)
    for worker, file in RAN.findall(done.stdout):
        workers[file].add(worker)
    assert {file: len(of) for file, of in workers.items()} == dict.fromkeys(FILES, 1)
    assert set.union(*workers.values()) == {"gw0", "gw1"}
