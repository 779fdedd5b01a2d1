"""The pages lead to each other: every decision is listed, each has a number of its own, and no link is dead."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "functions", "infra", "layers", "localstack", "shared", "tests")
PAGES = [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))]
DECISIONS = sorted(path.name for path in (ROOT / "docs" / "adr").glob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links(page: Path) -> Iterator[Path]:
    """What the page links to in the repository."""
    for target in LINK.findall(page.read_text()):
        if ":" not in target:
            yield (page.parent / target).resolve()


def test_every_decision_is_listed_once_and_has_a_number_of_its_own() -> None:
    listed = [found.name for found in links(ROOT / "docs" / "architecture.md") if found.parent.name == "adr"]
    assert sorted(listed) == DECISIONS
    assert len({name[:4] for name in DECISIONS}) == len(DECISIONS)


def test_no_link_of_a_page_is_dead() -> None:
    own = [page for page in PAGES if "node_modules" not in page.parts]
    assert [(page, found) for page in own for found in links(page) if not found.exists()] == []
