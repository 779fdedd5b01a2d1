"""Migrations only expand, or say since when they may contract; and the command that tries old code on them."""

from pathlib import Path

import pytest

from localstack.compatible import overlay
from localstack.contracting import BEFORE_THE_FIRST_RELEASE, ROOT, contractions, contracts, every_contraction

HERE = Path("x.sql")


def test_no_migration_takes_away_what_running_code_needs() -> None:
    assert [str(one) for one in every_contraction()] == []


def test_only_files_that_did_contract_are_let_be() -> None:
    for name in BEFORE_THE_FIRST_RELEASE:
        assert list(contractions(Path(name), (ROOT / name).read_text())), name


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DROP TABLE invoices", "takes something away"),
        ("ALTER TABLE invoices DROP COLUMN number", "takes something away"),
        ("alter table invoices\n  drop column if exists number", "takes something away"),
        ("ALTER TABLE invoices RENAME COLUMN number TO name", "renames"),
        ("RENAME TABLE events TO usage_events", "renames"),
        ("ALTER TABLE invoices ALTER COLUMN step TYPE bigint", "changes a type"),
        ("ALTER TABLE events MODIFY COLUMN data JSON", "changes a type"),
        ("ALTER TABLE invoices ALTER COLUMN number SET NOT NULL", "asks for what old code leaves empty"),
        ("ALTER TABLE invoices ADD COLUMN kind text NOT NULL", "asks for kind, which old code does not write"),
        ("ALTER TABLE invoices ADD CHECK (total >= 0)", "refuses what old code writes"),
        ("ALTER TABLE invoices ADD CONSTRAINT one UNIQUE (number)", "refuses what old code writes"),
        ("ALTER TABLE invoices ADD COLUMN kind text NOT NULL DEFAULT 'x'", None),
        ("ALTER TABLE invoices ADD COLUMN n int NOT NULL GENERATED ALWAYS AS (1) STORED", None),
        ("ALTER TABLE notes ADD COLUMN failure text CHECK ((failure IS NOT NULL) = (state = 'failed'))", None),
        ("ALTER TABLE invoices ADD COLUMN kind text, ADD COLUMN more text", None),
        ("CREATE TABLE things (id text NOT NULL, CHECK (id <> ''), UNIQUE (id))", None),
        ("ALTER TABLE invoices DROP CONSTRAINT one", None),
        ("DROP INDEX one", None),
        ("UPDATE rules SET name = 'DROP TABLE invoices' -- RENAME", None),
        ("DO $$ BEGIN PERFORM 'DROP TABLE invoices'; END $$", None),
    ],
)
def test_what_contracts_is_told_from_what_expands(statement: str, why: str | None) -> None:
    assert contracts(statement) == why


def test_a_contraction_that_says_since_when_is_let_by_and_the_next_is_not() -> None:
    text = "-- contract: since 1.2.0\nDROP TABLE old;\n\nSELECT 1;\n-- contract: some day\nDROP TABLE newer;\n"

    [found] = contractions(HERE, text)
    assert (found.line, found.statement) == (5, "DROP TABLE newer;")


def test_todays_migrations_are_laid_over_yesterdays_code(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    for root, name, text in ((new, "1.sql", "a"), (new, "2.sql", "b"), (old, "1.sql", "a"), (old, "0.sql", "z")):
        path = root / "shared" / "meterhouse" / "billing" / "migrations" / "postgres" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    assert overlay(new, old) == 1
    assert sorted(path.name for path in old.rglob("*.sql")) == ["0.sql", "1.sql", "2.sql"]
