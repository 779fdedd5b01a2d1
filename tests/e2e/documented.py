"""The code of the pages in docs/, run as a reader would: `python -m tests.e2e.documented PAGE…` writes what it prints.

`python` and `sh` are run in their order, Python in one namespace; a `text` block right after one is what it prints.
`console` is what takes an account or many minutes: what it calls must be there.
"""

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

import httpx
from openmeter import Client

ROOT = Path(__file__).resolve().parents[2]
RUN = ("python", "sh")
LANGUAGES = frozenset({*RUN, "text", "console"})
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    code: str
    line: int
    expected: str | None = None
    """What the page says that it prints; None where it says nothing."""


def pages() -> list[Path]:
    return sorted(page for page in (ROOT / "docs").rglob("*.md") if "adr" not in page.parts)


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page's text, output apart from code."""
    found = list(_FENCE.finditer(page))
    for one, following in zip_longest(found, found[1:]):
        is_output = following and following[1] == "text" and not page[one.end() : following.start()].strip()
        line = page.count("\n", 0, one.start()) + 2
        yield Block(one[1], one[2], line, following[2] if following and is_output and one[1] in RUN else None)


class Reader:
    """Who follows a page with a deployment at hand."""

    def __init__(self, page: Path, folder: Path) -> None:
        self._page, self._folder = page, folder
        self._scope: dict[str, Any] = {"__name__": "__main__"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the page's clients, as the end of its process would."""
        for value in self._scope.values():
            if isinstance(value, (Client, httpx.Client)):
                value.close()

    def follows(self, block: Block) -> str:
        """What the block prints.

        Raises:
            AssertionError: a command of it failed.
        """
        if block.language == "sh":
            command = ("bash", "-euo", "pipefail", "-c", block.code)
            done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own pages
            assert done.returncode == 0, f"{self._page}:{block.line}: {done.stderr}"
            return done.stdout
        printed = io.StringIO()
        code = compile("\n" * (block.line - 1) + block.code, self._page, "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, self._scope)  # noqa: S102 - our own pages
        return printed.getvalue()


def rewritten(page: Path, folder: Path) -> str:
    """The page's text with what its blocks print now."""
    text = page.read_text(encoding="utf-8")
    with Reader(page, folder) as reader:
        for block in list(blocks(text)):
            if block.language in RUN:
                printed = reader.follows(block)
                if block.expected is not None or printed:
                    text = _with_output(text, block, printed)
    return text


def _with_output(text: str, block: Block, printed: str) -> str:
    before = f"```{block.language}\n{block.code}```\n"
    old = f"{before}\n```text\n{block.expected}```\n" if block.expected is not None else before
    assert text.count(old) == 1, f"line {block.line}: the block stands twice"
    return text.replace(old, f"{before}\n```text\n{printed}```\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(rewritten(Path(name).resolve(), Path.cwd()), encoding="utf-8")
