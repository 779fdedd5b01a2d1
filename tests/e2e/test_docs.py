"""Every block of code in docs/ is run, and prints what the page says that it prints."""

import re
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.documented import LANGUAGES, ROOT, RUN, Reader, blocks, pages

PAGES = [page for page in pages() if any(block.language in RUN for block in blocks(page.read_text(encoding="utf-8")))]
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs"))


@pytest.fixture(scope="module")
def priced(cloud: Callable[[str], Any]) -> None:
    """What the pages have their readers start by hand on a deployment that is not a day old."""
    answer = cloud("lambda").invoke(FunctionName="meterhouse-sync_llm_prices", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_does_what_it_says(
    page: Path,
    stack: dict[str, str],
    new_key: Callable[[str], str],
    relaying: Callable[[], AbstractContextManager[None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("METERHOUSE_URL", stack["METERHOUSE_URL"])
    monkeypatch.setenv("METERHOUSE_API_KEY", new_key(f"docs-{page.stem}"))
    with Reader(page, tmp_path) as reader, relaying():
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.language in RUN:
                assert reader.follows(block) == (block.expected or ""), f"{page}:{block.line}"


def test_every_block_says_what_it_is() -> None:
    unsaid = [
        f"{name_of(page)}:{block.line}"
        for page in pages()
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language not in LANGUAGES
    ]
    assert unsaid == []


def test_what_is_only_shown_calls_what_is_there() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    for page in pages():
        for block in blocks(page.read_text(encoding="utf-8")):
            for line in block.code.splitlines() if block.language == "console" else ():
                words = [word for word in shlex.split(line, comments=True) if "=" not in word]
                if words and words[0] == "make":
                    assert set(words[1:2]) <= targets, f"{name_of(page)}:{block.line}: {line}"
                elif "-m" in words:
                    module = ROOT / words[words.index("-m") + 1].replace(".", "/")
                    assert module.is_dir() or module.with_suffix(".py").is_file(), f"{name_of(page)}: {line}"
