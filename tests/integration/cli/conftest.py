import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from meterhouse.cli.app import app
from meterhouse.platform.postgres import Database
from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.endpoint import KEY, House, serving


class Terminal:
    """Someone who types `meterhouse …` in an empty folder."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.environ = {
            "METERHOUSE_URL": house.url,
            "METERHOUSE_API_KEY": KEY,
            "METERHOUSE_RETRIES": "1",
            "NO_PROXY": "127.0.0.1",
        }

    def types(self, *words: str, status: int = 0, stdin: bytes = b"", **environ: str | None) -> Result:
        result = CliRunner(env=self.environ | environ).invoke(app, words, input=stdin, catch_exceptions=False)
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return result

    def reads(self, *words: str, status: int = 0, stdin: bytes = b"") -> Any:
        """The one document that `--json` puts on stdout."""
        return json.loads(self.types(*words, "--json", status=status, stdin=stdin).stdout)

    def file(self, name: str, content: str | bytes) -> str:
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name


@pytest.fixture
def house() -> Iterator[House]:
    with serving(House()) as served:
        yield served


@pytest.fixture
def shop(house: House, database: Database, namespace: str) -> CatalogHouse:
    """The house answers with the product's own catalog."""
    opened = CatalogHouse(database, namespace)
    house.before = opened.answer
    return opened


@pytest.fixture
def terminal(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(house, tmp_path)
