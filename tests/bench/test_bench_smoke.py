"""Every benchmark runs and measures something; no time decides."""

import json
import math
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHMARKS, main


@pytest.mark.parametrize("page", BENCHMARKS)
def test_a_benchmark_runs_and_gives_finite_figures(page: str, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"

    main(["--small", "--json", str(file), page])

    figures = json.loads(file.read_text(encoding="utf-8"))["figures"]
    assert {figure["page"] for figure in figures} == {page}
    assert any(figure["bound"] is not None for figure in figures)
    for figure in figures:
        assert all(math.isfinite(figure[name]) for name in ("measured", "workSeconds", "floorSeconds"))
        assert figure["workSeconds"] > 0
        assert figure["floorSeconds"] > 0
