"""`make load`, small, against the deployed stack: the tool fires, the limit sheds, the meters account for all."""

from pathlib import Path

import pytest

from tests.bench.load.__main__ import options, run


def test_past_its_limit_a_namespace_is_told_when_to_come_back_and_no_accepted_event_is_lost(
    stack: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "load.svg"
    small = ["--rates", "2,20", "--seconds", "2", "--events", "3", "--limit", "2"]
    assert run(stack, options([*small, "--chart", str(chart)])) == 0, capsys.readouterr().out
    assert ">429<" in chart.read_text(encoding="utf-8")
