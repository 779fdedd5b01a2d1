"""What usage cost: the worked examples, and each way in which a price is found."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy
from meterhouse.llmcost.cost import Cost, Used, costs_of
from meterhouse.llmcost.llm_price import LlmPrice, Source
from meterhouse.llmcost.price_book import PriceBook
from tests.unit.llmcost.samples import TOLD, T, price, pricing, token_price

_CASES = {case["id"]: case for case in json.loads(Path(__file__).with_name("worked_examples.json").read_text())}
DAY = timedelta(days=1)


def cost(*prices: LlmPrice, unit_cost: LlmUnitCost = TOLD, at: datetime = T, **told: str | None) -> Cost:
    """Of ten tokens."""
    all_told: dict[str, str | None] = {"provider": "acme", "model": "m-1", "type": "input", **told}
    [found] = costs_of(unit_cost, [Used(Decimal(10), (), at, all_told)], PriceBook(prices)).values()
    return found


def test_fc_03_parts_of_a_row_cost_what_each_costs() -> None:
    case = _CASES["FC-03"]
    used, prices = [], []
    for person, parts in case["inputs"].items():
        for number, (quantity, unit) in enumerate(parts):
            model = f"{person}-{number}"
            prices.append(price(model, pricing(unit)))
            told = {"provider": "acme", "model": model, "type": "input"}
            used.append(Used(Decimal(quantity), (person,), T, told))

    costs = costs_of(TOLD, used, PriceBook(prices))

    assert {person: (costs[person,].quantity, costs[person,].amount) for person in case["expected"]} == {
        person: (told["usage"], Decimal(told["cost"])) for person, told in case["expected"].items()
    }


def test_a_manual_unit_cost_is_the_same_for_every_unit() -> None:
    [found] = costs_of(ManualUnitCost(Decimal("0.1")), [Used(Decimal(3), (), T)], PriceBook(())).values()

    assert found == Cost(Decimal(3), Decimal("0.3"))


@pytest.mark.parametrize(
    ("token_type", "expected"),
    [("input", 10), ("request", 10), ("output", 20), ("response", 20), ("reasoning", 20), ("cache_read", 5),
     ("cache_write", 10)],
)  # fmt: skip
def test_each_type_of_token_has_its_price_or_that_of_what_it_is_part_of(token_type: str, expected: int) -> None:
    assert cost(price(told=pricing("1", "2", cache_read="0.5")), type=token_type).amount == expected


def test_a_long_request_costs_more_as_a_whole() -> None:
    long = LlmUnitCost("acme", "m-1", TokenType.INPUT, input_tokens=ToldBy("length"))
    prices = price(told=pricing(token_price("1", above_200="3", above_500="4")))

    amounts = [cost(prices, unit_cost=long, length=step).amount for step in (None, "-1", "200", "500")]

    assert amounts == [10, 10, 30, 40]


def test_where_nothing_tells_the_length_of_a_request_the_answer_says_what_was_assumed() -> None:
    found = cost(price(told=pricing(token_price("1", above_200="3"))))

    assert found.amount == 10
    assert found.details == ("priced as short requests: the unit cost names no inputTokensProperty",)


@pytest.mark.parametrize(
    ("length", "details"),
    [(None, ("priced as short requests: no whole number under 'length'",)), ("-1", ()), ("200", ())],
)
def test_an_event_that_tells_no_length_is_told_apart_from_a_short_one(
    length: str | None, details: tuple[str, ...]
) -> None:
    told = LlmUnitCost("acme", "m-1", TokenType.INPUT, input_tokens=ToldBy("length"))

    assert cost(price(told=pricing(token_price("1", above_200="3"))), unit_cost=told, length=length).details == details


def test_a_batch_costs_what_batches_cost() -> None:
    batches = LlmUnitCost("acme", "m-1", TokenType.INPUT, processing=ToldBy("how"))
    prices = price(told=pricing("1", batch="0.5"))

    assert [cost(prices, unit_cost=batches, how=how).amount for how in ("batch", "fast", None)] == [5, 10, 10]


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        ({"model": "m-2"}, "no price is known of acme/m-2"),
        ({"provider": None}, "no price is known of /m-1"),
        ({"type": "smell"}, "'smell' is no type of token"),
        ({"type": None}, "'' is no type of token"),
    ],
)
def test_what_has_no_price_is_counted_and_said(told: dict[str, str | None], detail: str) -> None:
    ten, why = Decimal(10), (detail,)

    assert cost(price(), unit_cost=TOLD, at=T, **told) == Cost(ten, None, details=why, unpriced=ten, reasons=why)


def test_of_a_row_that_is_priced_in_part_the_rest_is_told_with_its_own_reasons() -> None:
    book = PriceBook([price(told=pricing(token_price("1", above_200="3")))])
    told = {"provider": "acme", "model": "m-1"}
    used = [Used(Decimal(10), (), T, told | {"type": "input"}), Used(Decimal(1), (), T, told | {"type": "smell"})]

    [found] = costs_of(TOLD, used, book).values()

    assert (found.quantity, found.amount, len(found.details)) == (Decimal(11), None, 2)
    assert (found.unpriced, found.reasons) == (Decimal(1), ("'smell' is no type of token",))


def test_a_model_that_is_sold_without_output_has_no_price_for_it() -> None:
    embedding = pricing()
    del embedding.prices[TokenType.OUTPUT]  # type: ignore[attr-defined] # the sample's own dict

    assert cost(price(told=embedding), type="output").details == ("acme/m-1 has no price for output tokens",)


def test_a_namespace_s_own_price_goes_before_the_catalogue_s_while_it_holds() -> None:
    own = price(told=pricing("7"), source=Source.MANUAL, since=T + DAY, until=T + 2 * DAY)

    amounts = [cost(price(), own, at=T + days * DAY).amount for days in range(3)]

    assert amounts == [10, 70, 10]


def test_prices_in_two_currencies_make_no_sum() -> None:
    prices = PriceBook([price("m-1"), price("m-2", currency="EUR", source=Source.MANUAL)])
    used = [Used(Decimal(1), (), T, {"provider": "acme", "model": model, "type": "input"}) for model in ("m-1", "m-2")]

    [found] = costs_of(TOLD, used, prices).values()

    assert (found.amount, found.details) == (None, ("prices are in EUR and USD",))
    assert (found.unpriced, found.reasons) == (Decimal(0), ())


def test_a_model_is_found_by_its_id_then_by_what_the_catalogue_says_then_by_its_bare_name() -> None:
    book = PriceBook(
        [
            price("m-1", match={"starts_with": "m"}),
            price("m-1-mini", match={"equals": "mini"}),
            price("n-2.5-20260101"),
        ]
    )

    found = {
        name: (one := book.price(("acme", name), T)) and one.model.id
        for name in ("m-1-mini", "M-1-MINI", "m-1-maxi", "mini", "n-2-5", "o")
    }

    assert found == {
        "m-1-mini": "m-1-mini",
        "M-1-MINI": "m-1-mini",
        "m-1-maxi": "m-1",
        "mini": "m-1",
        "n-2-5": "n-2.5-20260101",
        "o": None,
    }


SONNET = price("claude-sonnet-4-0", match={"starts_with": "claude-sonnet-4-2025"})


def own(model: str, input_: str, provider: str = "acme", since: datetime = T) -> LlmPrice:
    return price(model, pricing(input_), provider=provider, source=Source.MANUAL, since=since)


@pytest.mark.parametrize(
    ("prices", "name", "expected"),
    [
        ([own("claude-sonnet-4-0", "7")], "claude-sonnet-4-20250514", 70),
        ([own("claude-sonnet-4-0", "7"), own("Claude-Sonnet-4-20250514", "8")], "claude-sonnet-4-20250514", 80),
        ([own("claude-sonnet-4-0", "7"), own("claude-sonnet-4", "9")], "claude-sonnet-4-20250514", 70),
        ([own("claude-sonnet-4", "9")], "claude-sonnet-4-20250514", 90),
        ([own("gem-20240620", "8"), own("gem-20241022", "7", since=T + DAY)], "gem-20240620", 80),
        ([own("gem-20240620", "8"), own("gem-20241022", "7", since=T + DAY)], "gem-20241022", 70),
    ],
)
def test_an_own_price_is_for_a_name_then_for_what_the_catalogue_means_by_it_then_for_its_bare_name(
    prices: list[LlmPrice], name: str, expected: int
) -> None:
    assert cost(SONNET, *prices, at=T + DAY, model=name).amount == expected


def test_an_own_price_of_the_cloud_holds_for_its_service_and_one_of_the_service_goes_before_it() -> None:
    cloud, service = own("m-1", "7", "amazon"), own("m-1", "8", "bedrock")

    assert cost(cloud, provider="bedrock").amount == 70
    assert cost(cloud, service, provider="bedrock").amount == 80
    assert cost(service, provider="amazon").amount is None


def test_which_of_two_prices_of_one_instant_holds_does_not_depend_on_their_order() -> None:
    two = [own("gem-20240620", "8"), own("gem-20241022", "7")]

    assert cost(*two, model="gem").amount == cost(*reversed(two), model="gem").amount
