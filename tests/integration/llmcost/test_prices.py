"""The catalogue of prices, and prices of one's own."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from meterhouse.llmcost.price_list import ListedPrice
from meterhouse.llmcost.sync_prices import Synced
from tests.integration.llmcost.conftest import Catalogue, Desk
from tests.integration.metering.house import T0, call
from tests.problems import faults_of
from tests.unit.llmcost.samples import TOLD, T, pricing, token_price

OWN: dict[str, Any] = {
    "provider": "Acme",
    "model_id": "m-1",
    "pricing": {"input_per_token": "0.000001", "output_per_token": "0.000002", "cache_read_per_token": "0"},
    "currency": "USD",
    "effective_from": "2026-03-01T00:00:00Z",
}
NOWHERE = "01HZ0000000000000000000000"


def test_a_price_of_one_s_own_is_set_shown_listed_and_deleted(desk: Desk) -> None:
    status, made = desk("POST", "llm-cost/overrides", OWN)

    assert status == 201
    assert {name: made[name] for name in ("pricing", "currency", "effective_from", "source")} == {
        "pricing": OWN["pricing"],
        "currency": "USD",
        "effective_from": OWN["effective_from"],
        "source": "manual",
    }
    assert (made["provider"], made["model"]) == ({"id": "acme", "name": "Acme"}, {"id": "m-1", "name": "m-1"})
    assert desk("GET", f"llm-cost/prices/{made['id']}") == (200, made)
    listed = {"data": [made], "meta": {"page": {"number": 1, "size": 100, "total": 1}}}
    assert desk("GET", "llm-cost/overrides") == (200, listed)
    for wanted in ("filter%5Bsource%5D=manual", "filter%5Bsource%5D%5Bneq%5D=system"):
        assert desk("GET", "llm-cost/overrides", query=wanted) == (200, listed)
    for wanted in ("filter%5Bsource%5D=system", "filter%5Bsource%5D%5Bexists%5D=false"):
        assert desk("GET", "llm-cost/overrides", query=wanted)[1]["data"] == []
    assert desk("DELETE", f"llm-cost/overrides/{made['id']}") == (204, None)
    assert desk("DELETE", f"llm-cost/overrides/{made['id']}")[0] == 404
    assert desk("GET", f"llm-cost/prices/{made['id']}")[0] == 404


def test_the_same_price_again_is_the_first_and_another_at_its_instant_a_conflict(desk: Desk) -> None:
    _, made = desk("POST", "llm-cost/overrides", OWN)

    assert desk("POST", "llm-cost/overrides", OWN) == (201, made)
    for other in ({"model_name": "Other"}, {"currency": "EUR"}, {"model_id": "M-1"}):
        status, problem = desk("POST", "llm-cost/overrides", OWN | other)
        assert (status, problem["code"]) == (409, "override_exists")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"effective_to": OWN["effective_from"]}, ("/effective_to", "empty_period")),
        ({"currency": "XQX"}, ("/currency", "unknown_currency")),
        ({"pricing": OWN["pricing"] | {"input_per_token": "-1"}}, ("/pricing/input_per_token", "greater_than_equal")),
        ({"pricing": OWN["pricing"] | {"input_per_token": 1}}, ("/pricing/input_per_token", "value_error")),
        ({"provider": ""}, ("/provider", "string_too_short")),
        ({"colour": "red"}, ("/colour", "extra_forbidden")),
    ],
)  # fmt: skip
def test_each_fault_of_a_price_is_named(desk: Desk, changes: dict[str, Any], fault: tuple[str, str]) -> None:
    status, problem = desk("POST", "llm-cost/overrides", OWN | changes)

    assert (status, [*faults_of(problem)]) == (400, [fault])


def test_the_catalogue_is_seen_by_everybody_and_changed_by_nobody(desk: Desk, catalogue: Catalogue) -> None:
    assert catalogue.sync(("m-1", ListedPrice(pricing(token_price("1", above_200="3"), batch="0.5")))) == Synced(1, 0)

    _, listed = desk("GET", "llm-cost/prices", query="filter%5Bprovider%5D=acme")
    [price] = listed["data"]

    assert (price["source"], price["pricing"]) == ("system", {"input_per_token": "1", "output_per_token": "2"})
    assert price["request_tiers"] == [
        {"above_input_tokens": 200, "pricing": {"input_per_token": "3", "output_per_token": "2"}}
    ]
    assert price["batch_pricing"] == {"input_per_token": "0.5", "output_per_token": "0"}
    assert desk("DELETE", f"llm-cost/overrides/{price['id']}")[0] == 404
    assert desk("GET", "llm-cost/overrides")[1]["data"] == []


def test_a_sync_that_runs_twice_writes_nothing_and_a_new_edition_ends_the_old(catalogue: Catalogue, desk: Desk) -> None:
    old, new, later = ListedPrice(pricing("1")), ListedPrice(pricing("2")), T + timedelta(days=1)

    assert [catalogue.sync(("m-1", old), ("m-2", old)).written for _ in range(2)] == [2, 0]
    assert catalogue.sync(("m-1", new), at=later) == Synced(2, 0)

    _, listed = desk("GET", "llm-cost/prices", query="sort=effective_from%20desc&filter%5Bmodel_id%5D=m-1")
    assert [(one["pricing"]["input_per_token"], one.get("effective_to")) for one in listed["data"]] == [
        ("2", None),
        ("1", "2026-03-02T00:00:00Z"),
    ]


def test_a_new_model_whose_name_had_a_price_keeps_it_for_the_past(desk: Desk, catalogue: Catalogue) -> None:
    old, new, later = ListedPrice(pricing("1")), ListedPrice(pricing("2")), T0 + timedelta(hours=1)
    feature = desk.feature(TOLD)
    told = {"provider": "acme", "type": "input"}
    desk.house.sink(call("1", 10, T0, model="m-1-20260101", **told), call("2", 10, later, model="m-1-20260101", **told))
    desk.house.sink(call("3", 5, T0, model="fresh", **told))
    catalogue.sync(("m-1", old), at=T)

    editions = [("m-1", old), ("m-1-20260101", new), ("fresh", new)]
    written = [catalogue.sync(*editions, at=at).written for at in (later, later, later + timedelta(days=1))]

    assert written == [2, 0, 0]
    costs = {row["dimensions"]["model"]: row["cost"] for row in desk.costs(feature, group_by_dimensions=["model"])}
    assert costs == {"m-1-20260101": "30", "fresh": "10"}


@pytest.mark.parametrize(
    ("query", "models"),
    [
        ("filter[model_id][contains]=M&sort=model_id", ["m-1", "m-2"]),
        ("filter[model_id][neq]=m-1", ["m-2"]),
        ("filter[model_id][eq]=m-2", ["m-2"]),
        ("filter[source]=manual", []),
        ("filter[model_name][exists]=false", []),
        ("filter[currency]=USD&sort=model_id desc", ["m-2", "m-1"]),
        ("filter[model_id][oeq]=m-2,m-3&filter[provider][ocontains]=AC,b", ["m-2"]),
        ("filter[model_id][gt]=m-1&filter[model_name][lte]=M-2", ["m-2"]),
        ("filter[model_id][gte]=m-1&filter[model_id][lt]=m-2", ["m-1"]),
        ("page[size]=1&page[number]=2&sort=model_id", ["m-2"]),
    ],
)
def test_prices_are_found_by_their_fields(desk: Desk, catalogue: Catalogue, query: str, models: list[str]) -> None:
    catalogue.sync(("m-1", ListedPrice(pricing())), ("m-2", ListedPrice(pricing())))

    _, listed = desk("GET", "llm-cost/prices", query=quote(query, safe="=&"))

    assert [one["model"]["id"] for one in listed["data"]] == models


def test_prices_are_listed_in_the_orders_of_the_contract_by_model_where_none_is_asked_for(
    desk: Desk, catalogue: Catalogue
) -> None:
    old, new, later = ListedPrice(pricing("1")), ListedPrice(pricing("2")), T + timedelta(days=1)
    catalogue.sync(*((f"m-{number}", old) for number in (3, 1, 5, 2, 4)))
    catalogue.sync(*((f"m-{number}", new if number == 4 else old) for number in (3, 1, 5, 2, 4)), at=later)
    _, own = desk("POST", "llm-cost/overrides", OWN | {"provider": "Zeta", "model_id": "m-0"})

    def listed(query: str = "") -> list[str]:
        _, answer = desk("GET", "llm-cost/prices", query=quote(query, safe="=&"))
        return [one["model"]["id"] for one in answer["data"]]

    by_model = ["m-0", "m-1", "m-2", "m-3", "m-4", "m-4", "m-5"]
    assert (listed(), listed("sort=model.id desc")) == (by_model, by_model[::-1])
    assert listed("sort=model.id") == listed("sort=model_id") == listed()
    assert listed("sort=provider.id")[-1] == listed("sort=provider.id desc")[0] == own["model"]["id"]
    assert listed("sort=effective_to")[0] == listed("sort=effective_from desc")[0] == "m-4"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("filter[colour]=red", "query:filter[colour]"),
        ("filter[provider][like]=a", "query:filter[provider][like]"),
        ("filter[provider][exists]=maybe", "query:filter[provider][exists]"),
        ("filter[provider]=a&filter[provider][eq]=b", "query:filter[provider]"),
        ("filter[provider][neq]=a&filter[provider][neq]=b", "query:filter[provider][neq]"),
        (f"filter[provider][oeq]={'a,' * 2049}", "query:filter[provider][oeq]"),
        ("page[after]=1", "query:page[after]"),
        ("sort=colour", "query:sort"),
        ("sort=provider sideways", "query:sort"),
    ],
)
def test_what_cannot_be_asked_is_named(desk: Desk, query: str, field: str) -> None:
    lists = ["llm-cost/prices"] if query.startswith("sort") else ["llm-cost/prices", "llm-cost/overrides"]
    for path in lists:
        status, problem = desk("GET", path, query=quote(query, safe="=&"))

        assert (status, [name for name, _ in faults_of(problem)]) == (400, [field])


def test_a_namespace_sees_no_other_s_prices(desk: Desk, other_namespace: str) -> None:
    _, made = desk("POST", "llm-cost/overrides", OWN)
    desk.namespace = other_namespace

    assert desk("GET", f"llm-cost/prices/{made['id']}")[0] == 404
    assert desk("GET", f"llm-cost/prices/{NOWHERE}")[0] == 404
    assert desk("GET", "llm-cost/overrides")[1]["data"] == []
