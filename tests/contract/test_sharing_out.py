"""Real workers share tests out as told: a release of pytest or xdist that forgets it is noticed here."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.sharing_out import STACKS

ROOT = Path(__file__).resolve().parents[2]
RAN = re.compile(r"^\[(gw\d)\] .* PASSED (tests/\S+?)::", re.MULTILINE)
A_TEST = "import time\nimport pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n):\n    time.sleep(0.05)\n"


def test_files_stay_whole_all_workers_run_something_and_journeys_stay_on_few(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_xdist_make_scheduler\n")
    files = [f"tests/{ring}/test_{number}.py" for ring in ("e2e", "unit") for number in range(5)]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(A_TEST)

    done = subprocess.run(  # noqa: S603 - our own words
        (
            *(sys.executable, "-m", "pytest", "--numprocesses", "3", "--verbose"),
            *("-p", "no:cacheprovider", "--import-mode", "importlib", "--rootdir", str(tmp_path), "tests"),
        ),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    workers = defaultdict(set)
    for worker, file in RAN.findall(done.stdout):
        workers[file].add(worker)
    assert {file: len(of) for file, of in workers.items()} == dict.fromkeys(files, 1)
    assert set.union(*workers.values()) == {"gw0", "gw1", "gw2"}
    assert len(set.union(*(of for file, of in workers.items() if "/e2e/" in file))) == STACKS
