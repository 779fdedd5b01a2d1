"""What features cost: usage in ClickHouse times prices in PostgreSQL."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy
from meterhouse.customers.model import CustomerDetails
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.llmcost.price_list import ListedPrice
from meterhouse.metering.aggregation import Aggregation
from tests.integration.llmcost.conftest import Catalogue, Desk
from tests.integration.metering.house import T0, call
from tests.problems import faults_of
from tests.unit.llmcost import samples as worked
from tests.unit.llmcost.samples import TOLD, pricing, token_price

HOUR = timedelta(hours=1)
NOBODY = "01HZ0000000000000000000000"
MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}


def own(desk: Desk, model: str = "m-1", input_: str = "0.5", since: str = "2026-01-01T00:00:00Z", **more: Any) -> None:
    body = {
        "provider": "acme",
        "model_id": model,
        "pricing": {"input_per_token": input_, "output_per_token": "2"},
        "currency": "USD",
        "effective_from": since,
    }
    status, answer = desk("POST", "llm-cost/overrides", body | more)
    assert status == 201, answer


def tokens(event_id: str, value: int, subject: str = "alice", **data: str) -> Any:
    told = {"provider": "acme", "model": "m-1", "type": "input"} | data
    return call(event_id, value, T0, subject, **told)


def test_tokens_cost_what_their_model_asked_when_they_were_used(desk: Desk) -> None:
    feature = desk.feature(TOLD)
    own(desk, effective_to="2026-03-01T12:00:00Z")
    own(desk, input_="0.7", since="2026-03-01T12:00:00Z")
    desk.house.sink(tokens("1", 10), tokens("2", 5, type="output"))
    desk.house.sink(call("3", 10, T0 + 2 * HOUR, provider="acme", model="m-1", type="input"))

    [whole] = desk.costs(feature, **MARCH)
    days = desk.costs(feature, granularity="P1D")

    assert (whole["usage"], whole["cost"], whole["currency"]) == ("25", "22", "USD")
    assert (whole["from"], whole["to"], whole["dimensions"]) == (MARCH["from"], MARCH["to"], {})
    assert [(day["cost"], day["from"], day["to"]) for day in days] == [
        ("22", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    ]


def test_rows_are_told_apart_as_asked_the_dearest_first_those_without_a_price_last(desk: Desk) -> None:
    feature = desk.feature(TOLD)
    own(desk)
    own(desk, "m-2", "3")
    desk.house.sink(tokens("1", 10), tokens("2", 10, model="m-2"), tokens("3", 99, model="m-9"))

    rows = desk.costs(feature, group_by_dimensions=["model"])

    assert [(row["dimensions"], row["cost"], row.get("detail")) for row in rows] == [
        ({"model": "m-2"}, "30", None),
        ({"model": "m-1"}, "5", None),
        ({"model": "m-9"}, None, "no price is known of acme/m-9"),
    ]


def test_fc_01_the_dearest_row_comes_first_whenever_it_was_used(desk: Desk) -> None:
    cases = json.loads(Path(worked.__file__).with_name("worked_examples.json").read_text(encoding="utf-8"))
    [case] = [one for one in cases if one["id"] == "FC-01"]
    feature = desk.feature(TOLD)
    for number, row in enumerate(case["inputs"]["rows"]):
        own(desk, f"m-{number}", row["unit_cost"], since=format_rfc3339(T0 + number * HOUR))
        told = {"provider": "acme", "model": f"m-{number}", "type": "input"}
        desk.house.sink(call(str(number), row["usage"], T0 + number * HOUR, **told))

    for asked in ({}, MARCH):
        rows = desk.costs(feature, group_by_dimensions=["model"], **asked)

        assert [(Decimal(row["usage"]), Decimal(row["cost"])) for row in rows] == [
            (Decimal(row["usage"]), Decimal(row["cost"])) for row in case["expected"]["rows"]
        ]
        assert len({(row["from"], row["to"]) for row in rows}) == 1
    assert {name: rows[0][name] for name in MARCH} == MARCH


def test_a_model_that_was_unknown_is_priced_once_its_price_is_there(desk: Desk) -> None:
    feature = desk.feature(TOLD)
    desk.house.sink(tokens("1", 10))
    before = desk.costs(feature)[0]["cost"]
    own(desk)

    assert (before, desk.costs(feature)[0]["cost"]) == (None, "5")


def test_costs_are_told_by_customer_with_and_without_their_names(desk: Desk) -> None:
    feature = desk.feature(ManualUnitCost(Decimal("0.1")))
    acme = desk.put_customer(CustomerDetails(name="Acme", subject_keys=("alice", "bob")), T0)
    desk.house.sink(tokens("1", 10), tokens("2", 20, "bob"), tokens("3", 40, "carol"))

    rows = desk.costs(feature, group_by_dimensions=["customer_id"])
    named = desk.costs(feature, filters={"dimensions": {"customer_id": {"eq": acme.id}}})
    subjects = desk.costs(feature, filters={"dimensions": {"subject": {"in": ["bob"]}}})

    assert [(row["cost"], row["dimensions"]) for row in rows] == [("4", {}), ("3", {"customer_id": acme.id})]
    assert [(row["cost"], row["dimensions"]) for row in named] == [("3", {"customer_id": acme.id})]
    assert [(row["cost"], row["dimensions"]) for row in subjects] == [("2", {"subject": "bob"})]


@pytest.mark.parametrize(
    ("aggregation", "of_acme", "of_nobody"),
    [
        (Aggregation.MAX, "30", "7"),
        (Aggregation.MIN, "10", "5"),
        (Aggregation.AVG, "20", "6"),
        (Aggregation.SUM, "40", "12"),
    ],
)
def test_a_customer_s_value_is_that_of_all_its_subjects_together(
    desk: Desk, aggregation: Aggregation, of_acme: str, of_nobody: str
) -> None:
    feature = desk.feature(ManualUnitCost(Decimal(1)), aggregation)
    acme = desk.put_customer(CustomerDetails(name="Acme", subject_keys=("alice", "bob")), T0)
    desk.house.sink(tokens("1", 10), tokens("2", 30, "bob"), tokens("3", 5, "carol"), tokens("4", 7, "dave"))

    rows = desk.costs(feature, group_by_dimensions=["customer_id"], **MARCH)
    _, margins = desk("GET", "/api/v1/margins", query=f"from={MARCH['from']}&to={MARCH['to']}")

    assert [(row["cost"], row["dimensions"]) for row in rows] == [(of_acme, {"customer_id": acme.id}), (of_nobody, {})]
    assert {one.get("customerId"): one["cost"] for one in margins["items"]} == {acme.id: of_acme, None: of_nobody}


def test_long_requests_cost_more_as_a_whole_however_many_lengths_there_are(desk: Desk, catalogue: Catalogue) -> None:
    catalogue.sync(("m-1", ListedPrice(pricing(token_price("1", above_200="3"), batch="0.5"))))
    told = LlmUnitCost("acme", ToldBy("model"), TokenType.INPUT, ToldBy("length"), ToldBy("how"))
    feature = desk.feature(told)
    desk.house.sink(
        tokens("1", 100, length="100"),
        tokens("2", 200, length="200"),
        tokens("3", 201, length="201"),
        tokens("4", 10, length="long"),
        tokens("5", 10, how="batch"),
    )

    [row] = desk.costs(feature)

    assert (row["usage"], row["cost"]) == ("521", str(100 + 200 + 3 * 201 + 10 + 5))
    assert row["detail"] == "priced as short requests: no whole number under 'length'"


def test_a_length_may_be_written_with_decimals_that_are_nothing(desk: Desk, catalogue: Catalogue) -> None:
    catalogue.sync(("m-1", ListedPrice(pricing(token_price("1", above_200="3")))))
    feature = desk.feature(LlmUnitCost("acme", "m-1", TokenType.INPUT, ToldBy("length")))
    desk.house.sink(tokens("1", 1, length="201.0"), tokens("2", 10, length="0"), tokens("3", 100, length="200.00"))

    [row] = desk.costs(feature)

    assert (row["cost"], row.get("detail")) == ("113", None)


def test_nothing_is_told_apart_by_lengths_of_which_only_thresholds_are_known(desk: Desk) -> None:
    feature = desk.feature(LlmUnitCost("acme", "m-1", TokenType.INPUT, ToldBy("length")))

    status, problem = desk("POST", f"features/{feature.id}/cost/query", {"group_by_dimensions": ["model", "length"]})

    assert (status, [*faults_of(problem)]) == (400, [("/group_by_dimensions/1", "length_not_grouped")])


def test_rows_may_be_chosen_by_what_their_events_tell(desk: Desk) -> None:
    feature = desk.feature(ManualUnitCost(Decimal(1)))
    desk.house.sink(tokens("1", 1, how="a%b"), tokens("2", 2, how="acb"), tokens("3", 4))

    def cost(**wanted: object) -> list[str]:
        return [row["cost"] for row in desk.costs(feature, filters={"dimensions": {"how": wanted}})]

    assert cost(contains="a%") == ["1"]
    assert cost(ncontains="%", exists=True) == ["2"]
    assert cost(exists=False) == ["4"]
    assert cost(**{"in": ["acb", "x"]}) == cost(neq="a%b", exists=True) == ["2"]
    assert cost(**{"or": [{"eq": "a%b"}, {"and": [{"eq": "acb"}, {"nin": ["x"]}]}]}) == ["3"]


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, ("/from", "empty_period")),
        ({"group_by_dimensions": ["colour"]}, ("/group_by_dimensions/0", "unknown_group_by")),
        ({"filters": {"dimensions": {"subject": {"neq": "x"}}}}, ("/filters/dimensions/subject", "unsupported_filter")),
        ({"time_zone": "Mars"}, ("/time_zone", "unknown_time_zone")),
        (
            {"filters": {"dimensions": {"customer_id": {"eq": NOBODY}}}},
            ("/filters/dimensions/customer_id", "customer_not_found"),
        ),
        ({"filters": {"dimensions": {"a/b": {"eq": "x"}}}}, ("/filters/dimensions/a~1b", "unknown_group_by")),
        (
            {"granularity": "PT1M", "from": "1990-01-01T00:00:00Z", "to": MARCH["to"]},
            ("/granularity", "too_many_windows"),
        ),
        ({"granularity": "P1Y"}, ("/granularity", "enum")),
    ],
)
def test_what_cannot_be_asked_is_named(desk: Desk, asked: dict[str, Any], fault: tuple[str, str]) -> None:
    status, problem = desk("POST", f"features/{desk.feature(TOLD).id}/cost/query", asked)

    assert (status, [*faults_of(problem)]) == (400, [fault])


def test_features_that_cost_nothing_that_is_known_are_refused(desk: Desk) -> None:
    average = desk.feature(TOLD, Aggregation.AVG)

    for feature in (average, desk.feature(None)):
        status, problem = desk("POST", f"features/{feature.id}/cost/query", {})
        assert (status, [*faults_of(problem)]) == (400, [("path:feature_id", "no_cost")])
    assert desk("POST", "features/01HZ0000000000000000000000/cost/query", {})[0] == 404
