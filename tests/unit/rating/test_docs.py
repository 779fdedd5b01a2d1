from dataclasses import fields

from meterhouse.rating.conventions import Conventions
from tests.unit.rating import figures


def test_the_page_shows_what_the_code_does() -> None:
    page = figures.PAGE.read_text(encoding="utf-8")

    assert sorted(figures.blocks_in(page)) == sorted(figures.blocks())
    assert figures.written(page) == page, "run python -m tests.unit.rating.figures"


def test_the_figures_are_drawn_by_the_code() -> None:
    drawn = {file.name: file.read_text(encoding="utf-8") for file in figures.FIGURES.glob("rating-*.svg")}

    assert drawn == figures.images(), "run python -m tests.unit.rating.figures"


def test_every_convention_has_its_figure() -> None:
    shown = {"first-tier-flat", "up-to", "fractions", "rounding-point", "cut-period"}

    assert shown <= figures.DRAWN.keys()
    assert len(shown) == len(fields(Conventions))
