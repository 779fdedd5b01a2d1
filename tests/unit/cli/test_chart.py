"""Charts of text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.chart import ASCII, BLOCKS, bars, plain, sparkline
from meterhouse.cli.usage_view import read_usage, usage_chart, usage_table

NUMBERS = st.decimals(min_value=-(10**20), max_value=10**20, places=3)
LABELS = st.text(st.characters(categories=["L", "N"]), max_size=60)


def usage(*rows: tuple[str, str, str], group_by: tuple[str, ...] = ("origin",)) -> dict[str, object]:
    return {
        "data": [
            {
                "windowStart": f"2026-01-{day}T00:00:00Z",
                "windowEnd": f"2026-01-{int(day) + 1:02}T00:00:00Z",
                "value": Decimal(value).quantize(Decimal(1)),
                "exactValue": value,
                "subject": None,
                "groupBy": dict.fromkeys(group_by, group),
            }
            for day, group, value in rows
        ]
    }


def test_bars_are_as_long_as_the_numbers_are_large() -> None:
    assert bars([("EWR", Decimal(4)), ("JFK", Decimal("2.0")), ("LGA", Decimal(0))], 20) == [
        "EWR 4  █████████████",
        "JFK 2  ██████▌",
        "LGA 0",
    ]


def test_below_zero_a_bar_is_of_another_stuff() -> None:
    assert bars([("a", Decimal(-8)), ("b", Decimal(8))], 14, ASCII) == ["a -8  --------", "b  8  ########"]


@given(st.lists(st.tuples(LABELS, NUMBERS), max_size=8), st.integers(70, 200), st.sampled_from([BLOCKS, ASCII]))
def test_a_line_is_no_wider_than_asked_and_holds_the_whole_number(
    rows: list[tuple[str, Decimal]], width: int, ink: object
) -> None:
    lines = bars(rows, width, BLOCKS if ink is BLOCKS else ASCII)

    assert [len(line) <= width for line in lines] == [True] * len(rows)
    assert all(f" {plain(value)}" in line for line, (_, value) in zip(lines, rows, strict=True))


@given(st.lists(st.tuples(LABELS, NUMBERS.filter(bool)), min_size=2, max_size=8))
def test_the_longer_bar_is_never_the_smaller_number(rows: list[tuple[str, Decimal]]) -> None:
    lengths = [
        line.count("#") + line.count("-" * 2) for line in bars([("", abs(value)) for _, value in rows], 80, ASCII)
    ]
    ordered = [length for _, length in sorted(zip((abs(value) for _, value in rows), lengths, strict=True))]

    assert ordered == sorted(ordered)


@given(st.lists(st.none() | NUMBERS), st.integers(1, 90))
def test_a_sparkline_has_a_character_a_value_and_a_blank_for_none(values: list[Decimal | None], width: int) -> None:
    line = sparkline(values, width)

    assert len(line) == min(len(values), width)
    if len(values) <= width:
        assert [one == " " for one in line] == [value is None for value in values]


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    assert sparkline([Decimal(0), None, Decimal(7), Decimal("3.5")]) == "▁ █▄"
    assert sparkline([Decimal(5), Decimal(5)]) == "▄▄"
    assert sparkline([Decimal(one) for one in (1, 9, 2, 3)], 2) == "█▁"


@given(NUMBERS)
def test_a_number_is_shown_whole(value: Decimal) -> None:
    assert Decimal(plain(value)) == value
    assert "E" not in plain(value)


def test_the_exact_value_is_preferred() -> None:
    answer = usage(("01", "EWR", "12345678901234567890.000000000000000001"))

    ((_, _, origin, value),) = usage_table(read_usage(answer, ["origin"]), ["origin"])[1]

    assert (origin, value) == ("EWR", "12345678901234567890.000000000000000001")


def test_one_window_is_drawn_as_a_bar_a_group() -> None:
    rows = read_usage(usage(("01", "EWR", "2"), ("01", "JFK", "1")), ["origin"])

    assert [line[:8] for line in usage_chart(rows, 80, BLOCKS, is_windowed=False)] == ["EWR 2  █", "JFK 1  █"]


def test_many_windows_of_groups_are_drawn_as_a_line_a_group_with_gaps() -> None:
    answer = usage(("01", "EWR", "1"), ("02", "EWR", "8"), ("03", "EWR", "1"), ("01", "JFK", "2"), ("03", "JFK", "4"))

    assert usage_chart(read_usage(answer, ["origin"]), 80, BLOCKS, is_windowed=True) == [
        "EWR  ▁█▁  1 … 8",
        "JFK  ▁ █  2 … 4",
        "2026-01-01T00:00:00Z to 2026-01-04T00:00:00Z",
    ]


def test_few_windows_are_drawn_as_a_bar_a_window() -> None:
    lines = usage_chart(read_usage(usage(("01", "", "1"), ("02", "", "2")), []), 80, BLOCKS, is_windowed=True)

    assert [line.split()[:2] for line in lines] == [["2026-01-01T00:00:00Z", "1"], ["2026-01-02T00:00:00Z", "2"]]


@pytest.mark.parametrize("width", [80, 120])
def test_a_chart_of_many_groups_and_windows_fits_the_terminal(width: int) -> None:
    rows = [(f"{day:02}", group * 30, f"{day * 10**9}.5") for day in range(1, 28) for group in ("a", "b")]

    assert all(
        len(line) <= width
        for line in usage_chart(read_usage(usage(*rows), ["origin"]), width, BLOCKS, is_windowed=True)
    )
