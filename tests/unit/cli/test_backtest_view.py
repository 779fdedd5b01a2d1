"""What customers would pay more, in spans with round edges."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.backtest_view import MOST_BINS, binned
from meterhouse.cli.chart import plain


def spans(*values: str) -> list[tuple[str, int]]:
    return binned([Decimal(value) for value in values])


def test_edges_are_round_and_empty_spans_are_there() -> None:
    assert spans("-12.50", "3", "40", "41.99") == [
        ("-20 … -10", 1),
        ("-10 … 0", 0),
        ("0 … 10", 1),
        ("10 … 20", 0),
        ("20 … 30", 0),
        ("30 … 40", 0),
        ("40 … 50", 2),
    ]


def test_a_value_on_an_edge_belongs_to_the_span_that_it_begins() -> None:
    assert spans("0", "1", "1", "2") == [
        ("0 … 0.5", 1),
        ("0.5 … 1", 0),
        ("1 … 1.5", 2),
        ("1.5 … 2", 0),
        ("2 … 2.5", 1),
    ]


def test_one_value_alone_is_named_by_itself_and_none_have_no_span() -> None:
    assert spans("0", "0.00", "0") == [("0", 3)]
    assert spans() == []


@given(st.lists(st.decimals(-10_000, 10_000, places=2), min_size=1, max_size=40))
def test_every_value_is_counted_once_in_a_few_spans(values: list[Decimal]) -> None:
    found = binned(values)

    assert sum(count for _, count in found) == len(values)
    assert len(found) <= MOST_BINS + 1
    if len(found) > 1:
        first, last = found[0][0].split(" … ")[0], found[-1][0].split(" … ")[1]
        assert Decimal(first) <= min(values) <= max(values) <= Decimal(last)
    else:
        assert found[0][0] == plain(values[0]) or " … " in found[0][0]
