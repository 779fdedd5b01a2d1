"""A deployment that fails says what helps."""

import sys
from pathlib import Path

import pytest

from localstack.deploy import DeployFailedError, _run
from localstack.settings import read_stack


@pytest.mark.parametrize(
    ("said", "helps"),
    [("migrations changed after they were applied: 0201_meter_values.sql", True), ("no space left", False)],
)
def test_migrations_that_were_changed_before_a_release_ask_for_new_stores(
    tmp_path: Path, said: str, *, helps: bool
) -> None:
    stack = read_stack({"METERHOUSE_STATE": str(tmp_path)})
    failing = (sys.executable, "-c", f"print({said!r}); raise SystemExit(1)")

    with pytest.raises(DeployFailedError) as failed:
        _run(stack, failing, tmp_path, lambda *_: None)

    assert said in str(failed.value)
    assert ("make clean" in str(failed.value)) is helps
