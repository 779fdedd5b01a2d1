"""A property is tried on the same examples every time, whatever was imported before."""

import subprocess
import sys

import pytest

DRAWING = """
import tests.conftest
from hypothesis import given, strategies as st

@given(st.lists(st.tuples(st.integers(0, 10**6), st.text(max_size=8), st.floats())))
def drawn(example):
    print(example)

drawn()
"""


@pytest.fixture(scope="module")
def examples() -> str:
    return _printed(DRAWING)


@pytest.mark.parametrize("module", ["meterhouse.billing.invoice", "meterhouse.metering.event", "localstack.part"])
def test_an_import_changes_no_example(examples: str, module: str) -> None:
    assert _printed(f"import {module}{DRAWING}") == examples


def _printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)  # noqa: S603
    return done.stdout
