"""The page that `make bench` writes into."""

from pathlib import Path

import pytest

from tests.bench.measurement import Figure, Kind, Unit
from tests.bench.report import Facts, write_page

FACTS = Facts("2026-01-31", "3.11.7", "26.9", "x86_64", 2)
FIGURES = [
    Figure("P1", "decode", Kind.RATIO, 1.1, "loads", 1.0, 1.2),
    Figure("P1", "refuse", Kind.RATIO, 3.0, "loads", 2.0, 1.2),
    Figure("P3", "events", Kind.FITS, 64, "payload", 2**20, 10_000, Unit.BYTES),
]
PAGE = "# Above\n\n<!-- make bench writes from here -->\nold\n<!-- to here -->\n\nBelow\n"


def test_the_text_around_the_table_stays_and_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)

    write_page(page, FIGURES[:1], FACTS)
    write_page(page, FIGURES, FACTS)

    lines = page.read_text().splitlines()
    assert lines[:3] == ["# Above", "", "<!-- make bench writes from here -->"]
    assert lines[-3:] == ["<!-- to here -->", "", "Below"]
    assert "2026-01-31: 2 cores (x86_64), Python 3.11.7, ClickHouse 26.9." in lines
    assert [line for line in lines if line.startswith(("| P", "|  |"))] == [
        "| P1 | decode | 1.10 x | ≤ 1.2 | held | loads 1000.0 ms |",
        "|  | refuse | 1.50 x | ≤ 1.2 | missed by 25% | loads 2000.0 ms |",
        "| P3 | events | 16,384 | ≥ 10,000 | held | payload 1.0 MiB |",
    ]


def test_a_page_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Above\n")

    with pytest.raises(ValueError, match="lacks"):
        write_page(page, FIGURES, FACTS)

    assert page.read_text() == "# Above\n"
