"""Every benchmark runs and measures something; no time decides."""

import json
import math
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHMARKS, main


def test_every_benchmark_runs_and_gives_finite_figures(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"

    main(["--small", "--json", str(file)])

    figures = json.loads(file.read_text(encoding="utf-8"))["figures"]
    bounded = {figure["page"] for figure in figures if figure["bound"] is not None}
    assert bounded == set(BENCHMARKS)
    for figure in figures:
        assert math.isfinite(figure["measured"])
        assert figure["taken"] > 0
        assert figure["floorTaken"] > 0


def test_a_page_takes_the_figures_of_one_whole_run_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"

    with pytest.raises(SystemExit):
        main(["--small", "--write", str(page)])

    assert not page.exists()
