"""A run that drives the SDK's operations ends with the list of them, whoever ran the tests.

No operation is driven without the local stack: its e2e run has them among the driven.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.sdk_operations import DRIVEN, ELSEWHERE, report

ROOT = Path(__file__).resolve().parents[2]
TEST = "tests/e2e/test_sdk_coverage.py::test_what_is_driven_and_what_is_listed_elsewhere_is_all_there_is"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_operations_of_the_sdk_are_listed_at_the_end_of_a_run(workers: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "pytest", TEST, "--numprocesses", workers, "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    told = done.stdout.splitlines()
    assert f"{len(DRIVEN)} failed or not run" in told
    assert {f"  {name}" for name in DRIVEN} < {*told}
    assert {f"  {name}: {reason}" for name, reason in ELSEWHERE.items()} < {*told}


def test_only_what_a_passed_test_drives_is_driven() -> None:
    one, *others = DRIVEN

    told = [*report([TEST, f"tests/e2e/test_sdk_coverage.py::test_an_operation_of_the_sdk_works[{one}]"])]

    assert told[:3] == ["1 driven", f"  {one}", f"{len(others)} failed or not run"]
    assert told[3 : 3 + len(others)] == [f"  {name}" for name in others]


def test_where_all_passed_nothing_is_left() -> None:
    told = [*report(f"[{name}]" for name in DRIVEN)]

    assert told[0] == f"{len(DRIVEN)} driven"
    assert not [line for line in told if "not run" in line]
