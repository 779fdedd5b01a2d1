from datetime import UTC, datetime
from decimal import Decimal

from meterhouse.catalog.custom_currency import CurrencyCostBasis, cost_basis_at, cost_basis_for

YEARS = [datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2025)]


def basis(rate: str, start: int, end: int | None = None, fiat: str = "USD") -> CurrencyCostBasis:
    return CurrencyCostBasis(
        rate, "c", fiat, Decimal(rate), YEARS[start], YEARS[0], None if end is None else YEARS[end]
    )


def worth(bases: list[CurrencyCostBasis], year: int, fiat: str = "USD") -> Decimal | None:
    found = cost_basis_at(bases, fiat, YEARS[year])
    return None if found is None else found.rate


def test_of_those_in_force_the_one_that_came_last_counts_and_when_it_ends_the_one_before() -> None:
    bases = [basis("2", 2, 3), basis("1", 1)]
    assert [worth(bases, year) for year in range(5)] == [None, 1, 2, 1, 1]


def test_each_fiat_currency_has_its_own() -> None:
    assert worth([basis("1", 0)], 1, "EUR") is None


def test_units_used_before_they_were_worth_anything_have_the_first_worth_that_came_since_and_none_to_come() -> None:
    bases = [basis("2", 2, 3), basis("1", 3), basis("9", 1, fiat="EUR")]

    def found(used: int, now: int) -> str | None:
        counts = cost_basis_for(bases, "USD", YEARS[used], YEARS[now])
        return None if counts is None else str(counts.rate)

    assert [found(year, 4) for year in range(5)] == ["2", "2", "2", "1", "1"]
    # another worth may still come before the one to come
    assert [found(0, now) for now in range(5)] == [None, None, "2", "2", "2"]
    assert cost_basis_for(bases[:1], "USD", YEARS[4], YEARS[4]) is None
