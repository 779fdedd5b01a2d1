"""Every benchmark runs and measures something; no timing decides."""

import math

import pytest

from tests.bench.__main__ import BENCHES


@pytest.mark.parametrize("name", BENCHES)
def test_a_benchmark_runs(name: str) -> None:
    figures = BENCHES[name](small=True)

    assert figures
    for figure in figures:
        assert math.isfinite(figure.ratio)
        assert figure.ratio > 0
