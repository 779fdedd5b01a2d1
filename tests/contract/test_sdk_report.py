"""A run that drives the SDK's operations ends with the list of them, whoever ran the tests."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.sdk_operations import DRIVEN, ELSEWHERE

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
    assert f"{len(DRIVEN)} driven" in told
    assert {f"  {name}" for name in DRIVEN} < {*told}
    assert {f"  {name}: {reason}" for name, reason in ELSEWHERE.items()} < {*told}
