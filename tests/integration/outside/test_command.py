"""What is typed at `make schemathesis`."""

import sys

import pytest

from tests.integration.outside.__main__ import main


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing"], "no operation is like 'nothing'"),
        (["POST /api/v1/plans", "("], "'(' is no pattern"),
        (["--examples", "0"], "--examples"),
    ],
)
def test_what_asks_for_nothing_is_misuse_and_starts_no_engine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["outside", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
