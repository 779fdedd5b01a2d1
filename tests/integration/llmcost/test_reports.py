"""Margins and models without a price, over HTTP."""

from decimal import Decimal
from typing import Any

import pytest

from meterhouse.catalog.unit_cost import ManualUnitCost
from meterhouse.customers.model import CustomerDetails
from meterhouse.metering.aggregation import Aggregation
from tests.integration.llmcost.conftest import Desk
from tests.integration.llmcost.test_costs import HOUR, own, tokens
from tests.integration.metering.house import T0, call
from tests.unit.llmcost.samples import TOLD

MARCH = "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z"
UNKNOWN = "/api/v1/llm-cost/unknown-models"


def report(desk: Desk, path: str, query: str = MARCH) -> list[dict[str, Any]]:
    status, answer = desk("GET", path, query=query)
    assert status == 200, answer
    items: list[dict[str, Any]] = answer["items"]
    return items


def test_models_without_a_price_are_listed_until_there_is_one(desk: Desk) -> None:
    feature = desk.feature(TOLD)
    desk.feature(ManualUnitCost(Decimal(1)))
    own(desk)
    desk.house.sink(tokens("1", 10), tokens("2", 7, model="m-9"), tokens("3", 1, type="smell"))

    listed = report(desk, UNKNOWN)
    own(desk, "m-9")

    told = {"featureId": feature.id, "featureKey": feature.key, "provider": "acme"}
    odd = told | {"model": "m-1", "usage": "1", "detail": "'smell' is no type of token"}
    assert listed == [odd, told | {"model": "m-9", "usage": "7", "detail": "no price is known of acme/m-9"}]
    assert report(desk, UNKNOWN) == [odd]
    assert report(desk, UNKNOWN, "from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z") == []


def test_a_margin_is_what_was_invoiced_less_what_it_cost(desk: Desk) -> None:
    feature = desk.feature(ManualUnitCost(Decimal("0.5")))
    acme = desk.put_customer(CustomerDetails(name="Acme", subject_keys=("alice",)), T0)
    desk.house.sink(tokens("1", 10), tokens("2", 2, "stranger"))

    assert report(desk, "/api/v1/margins") == [
        {"customerId": acme.id, "currency": "USD", "revenue": "0", "cost": "5", "margin": "-5"},
        {"currency": "USD", "revenue": "0", "cost": "1", "margin": "-1"},
    ]
    [of_feature] = report(desk, "/api/v1/margins", f"{MARCH}&groupBy=feature")
    assert (of_feature["featureKey"], of_feature["cost"]) == (feature.key, "6")


def test_a_feature_and_its_successor_each_cost_what_was_used_in_its_time(desk: Desk) -> None:
    old = desk.feature(ManualUnitCost(Decimal("0.5")))
    desk.replace(old, ManualUnitCost(Decimal(2)), T0 + HOUR)
    desk.house.sink(call("1", 10, T0 - HOUR), call("2", 10, T0), call("3", 100, T0 + HOUR))

    [margin] = report(desk, "/api/v1/margins", f"{MARCH}&groupBy=feature")

    assert (margin["featureKey"], margin["cost"]) == (old.key, "210")


def test_usage_without_a_price_is_listed_of_the_feature_of_its_time(desk: Desk) -> None:
    old = desk.feature(TOLD)
    new = desk.replace(old, TOLD, T0 + HOUR)
    desk.house.sink(tokens("1", 10), call("2", 7, T0 + 2 * HOUR, provider="acme", model="m-1", type="input"))

    assert [(one["featureId"], one["usage"]) for one in report(desk, UNKNOWN)] == [(old.id, "10"), (new.id, "7")]


def test_a_feature_whose_usage_cannot_be_priced_spoils_no_report(desk: Desk) -> None:
    desk.feature(ManualUnitCost(Decimal(2)))
    odd = desk.feature(TOLD, Aggregation.AVG)
    desk.house.sink(tokens("1", 10))

    priced, unknown = report(desk, "/api/v1/margins", f"{MARCH}&groupBy=feature")
    [listed] = report(desk, UNKNOWN)

    why = "feature f1: meter tokens1 is no sum, its tokens have no price"
    assert (priced["cost"], unknown["featureKey"], unknown["cost"], unknown["detail"]) == ("20", odd.key, None, why)
    assert (listed["featureId"], listed["usage"], listed["detail"]) == (odd.id, "0", why)


def test_a_report_needs_a_period(desk: Desk) -> None:
    desk.feature(TOLD)

    assert desk("GET", "/api/v1/margins")[0] == 400
    assert desk("GET", UNKNOWN, query="from=2026-04-01T00:00:00Z&to=2026-03-01T00:00:00Z")[0] == 400
    assert desk("GET", "/api/v1/margins", query=f"{MARCH}&groupBy=colour")[0] == 400


def test_a_feature_with_more_rows_than_can_be_read_spoils_no_report(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = desk.feature(ManualUnitCost(Decimal(2)))
    large = desk.feature(TOLD)
    own(desk)
    desk.house.sink(tokens("1", 10), tokens("2", 7, model="m-9"))
    monkeypatch.setattr("meterhouse.metering.query_usage.MOST_ROWS", 1)

    margins = {one["featureKey"]: one for one in report(desk, "/api/v1/margins", f"{MARCH}&groupBy=feature")}

    assert margins[small.key]["cost"] == "34"
    assert margins[large.key]["cost"] is None
    assert "more than 1 rows" in margins[large.key]["detail"]
