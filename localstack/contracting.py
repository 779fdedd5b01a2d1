"""Migrations that old code would not bear: it runs beside the new schema while a deploy goes on, and after a roll-back.

A migration expands: it adds tables, columns that may be empty or have a default, indexes. What takes away or tightens
contracts, and is for the release after the one whose code stopped needing it; it says so in the line above it:
`-- contract: since 1.4.0`, the release whose code bears it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
MARKER = re.compile(r"^--\s*contract: since \d+(\.\d+)*\s*$", re.MULTILINE)
BEFORE_THE_FIRST_RELEASE = frozenset(
    {
        "shared/meterhouse/billing/migrations/postgres/0725_lines_and_credit.sql",
        "shared/meterhouse/billing/migrations/postgres/0747_credit_given_back.sql",
        "shared/meterhouse/billing/migrations/postgres/0770_late_usage.sql",
        "shared/meterhouse/billing/migrations/postgres/0771_notes_told_to_apps.sql",
        "shared/meterhouse/catalog/migrations/postgres/0302_feature_unit_cost.sql",
    }
)
"""Files that contracted while no code was out; they are checksummed, and so not marked later. None is added here."""
_COMMENT = re.compile(r"--[^\n]*")
_QUOTED = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_CONTRACTS = {
    "takes something away": re.compile(
        r"\bDROP\s+(TABLE|COLUMN|VIEW|FUNCTION|TYPE|SCHEMA|DEFAULT|SEQUENCE)\b", re.IGNORECASE
    ),
    "renames": re.compile(r"\bRENAME\b", re.IGNORECASE),
    "changes a type": re.compile(r"\b(ALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE|MODIFY\s+COLUMN)\b", re.IGNORECASE),
    "asks for what old code leaves empty": re.compile(r"\bSET\s+NOT\s+NULL\b", re.IGNORECASE),
    "refuses what old code writes": re.compile(
        r"\bALTER\s+TABLE\b.*\bADD\s+(CONSTRAINT\s+\S+\s+)?(CHECK|UNIQUE|FOREIGN\s+KEY|PRIMARY\s+KEY|EXCLUDE)\b",
        re.IGNORECASE | re.DOTALL,
    ),
}
_PARENTHESES = re.compile(r"\([^()]*\)")
_ADDED = re.compile(r"\bADD\s+(?:COLUMN\s+)(?:IF\s+NOT\s+EXISTS\s+)?(\S+)([^,;]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contraction:
    path: Path
    line: int
    why: str
    statement: str

    def __str__(self) -> str:
        shown = " ".join(self.statement.split())[:100]
        return f"{self.path}:{self.line}: {self.why}: {shown}"


def contractions(path: Path, text: str) -> Iterator[Contraction]:
    """Statements of a migration that contract and do not say since when old code bears it."""
    at = 0
    for part in _statements(text):
        start = text.index(part, at)
        at = start + len(part)
        if why := contracts(part):
            if MARKER.search(part):
                continue
            line = text.count("\n", 0, start + len(part) - len(part.lstrip())) + 1
            yield Contraction(path, line, why, _bare(part))


def contracts(statement: str) -> str | None:
    """Why old code may not bear a statement; None where it does."""
    bare = _bare(statement)
    for why, form in _CONTRACTS.items():
        if form.search(bare):
            return why
    while (plain := _PARENTHESES.sub("", bare)) != bare:
        bare = plain
    for name, rest in _ADDED.findall(bare):
        filled = re.search(r"\b(DEFAULT|GENERATED)\b", rest, re.IGNORECASE)
        if re.search(r"\bNOT\s+NULL\b", rest, re.IGNORECASE) and not filled:
            return f"asks for {name}, which old code does not write"
    return None


def every_contraction(root: Path = ROOT) -> list[Contraction]:
    """Of all rooms' migrations, but those of before the first release."""
    paths = sorted(root.glob("shared/meterhouse/*/migrations/**/*.sql"))
    found = [one for path in paths for one in contractions(path.relative_to(root), path.read_text(encoding="utf-8"))]
    return [one for one in found if str(one.path) not in BEFORE_THE_FIRST_RELEASE]


def _bare(statement: str) -> str:
    return _QUOTED.sub("''", _COMMENT.sub("", statement)).strip()


def _statements(text: str) -> Iterator[str]:
    """Split at semicolons that stand in no comment and no quotes; each with the comments above it."""
    hidden = _QUOTED.sub(lambda found: "x" * len(found[0]), _COMMENT.sub(lambda found: "x" * len(found[0]), text))
    start = 0
    for found in re.finditer(";", hidden):
        yield text[start : found.end()]
        start = found.end()
    if text[start:].strip():
        yield text[start:]
