"""The catalogue follows the list, and what was in force stays as it was."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.llmcost.llm_price import LlmPrice, Model
from meterhouse.llmcost.price_list import BEGINNING, Changes, ListedPrice, changes_of
from meterhouse.llmcost.token_price import TokenPricing
from tests.unit.llmcost.samples import T, pricing

MODEL = Model("acme", "Acme", "m-1", "M 1")
DAY = timedelta(days=1)
OLD, NEW, NEWER = pricing("1"), pricing("2"), pricing("3")


def after(known: list[LlmPrice], changes: Changes) -> list[LlmPrice]:
    """The catalogue with the changes in it."""
    rows = {price.id: price for price in (*known, *changes.write) if price.id not in changes.remove}
    return sorted(rows.values(), key=lambda price: price.effective_from)


def synced(known: list[LlmPrice], at: datetime, *listed: ListedPrice) -> list[LlmPrice]:
    return after(known, changes_of(MODEL, known, listed, at))


def spans(prices: list[LlmPrice]) -> list[tuple[TokenPricing, datetime, datetime | None]]:
    return [(price.pricing, price.effective_from, price.effective_to) for price in prices]


def test_a_new_model_has_the_list_s_whole_history() -> None:
    prices = synced([], T, ListedPrice(OLD), ListedPrice(NEW, T - DAY), ListedPrice(NEWER, T + DAY))

    assert spans(prices) == [(OLD, BEGINNING, T - DAY), (NEW, T - DAY, T + DAY), (NEWER, T + DAY, None)]


def test_the_same_list_changes_nothing() -> None:
    listed = (ListedPrice(OLD), ListedPrice(NEW, T - DAY), ListedPrice(NEWER, T + DAY))
    prices = synced([], T, *listed)

    assert changes_of(MODEL, prices, listed, T + 2 * DAY) == Changes()


def test_another_price_for_today_holds_from_now_on_and_the_past_stays() -> None:
    prices = synced(synced([], T, ListedPrice(OLD)), T + DAY, ListedPrice(NEW))

    assert spans(prices) == [(OLD, BEGINNING, T + DAY), (NEW, T + DAY, None)]


def test_a_price_with_a_day_of_the_past_that_comes_late_holds_from_now_on() -> None:
    prices = synced(synced([], T, ListedPrice(OLD)), T + DAY, ListedPrice(OLD), ListedPrice(NEW, T - DAY))

    assert spans(prices) == [(OLD, BEGINNING, T + DAY), (NEW, T + DAY, None)]


def test_a_price_to_come_that_the_list_takes_back_is_removed() -> None:
    known = synced([], T, ListedPrice(OLD), ListedPrice(NEW, T + DAY))

    assert spans(synced(known, T, ListedPrice(OLD))) == [(OLD, BEGINNING, None)]


def test_a_new_name_is_taken_over_without_another_price() -> None:
    known = synced([], T, ListedPrice(OLD))
    renamed = Model("acme", "Acme", "m-1", "M One", {"equals": "m-one"})

    [price] = after(known, changes_of(renamed, known, [ListedPrice(OLD)], T + DAY))

    assert (price.model, price.created_at, price.updated_at) == (renamed, T, T + DAY)


LISTS = st.lists(st.tuples(st.sampled_from([OLD, NEW, NEWER]), st.integers(-5, 15)), max_size=4)


@given(lists=st.lists(LISTS, min_size=1, max_size=5), first=st.sampled_from([OLD, NEW]))
def test_whatever_lists_follow_each_other_the_past_is_never_rewritten(
    lists: list[list[tuple[TokenPricing, int]]], first: TokenPricing
) -> None:
    prices: list[LlmPrice] = []
    held: dict[datetime, list[TokenPricing]] = {}
    for number, later in enumerate(lists):
        at = T + 2 * number * DAY
        dated = {T + day * DAY: told for told, day in later}
        listed = [ListedPrice(first), *(ListedPrice(told, day) for day, told in sorted(dated.items()))]
        prices = synced(prices, at, *listed)
        for seen, told in held.items():
            assert [price.pricing for price in prices if price.holds_at(seen)] == told
        held[at] = [price.pricing for price in prices if price.holds_at(at)]
        assert len(held[at]) == 1
        assert [price.effective_to for price in prices[:-1]] == [price.effective_from for price in prices[1:]]
