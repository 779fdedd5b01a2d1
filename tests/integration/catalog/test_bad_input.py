from typing import Any

import pytest

from tests.integration.catalog.given import Call
from tests.integration.catalog.test_addons import ADDONS, TERMINAL
from tests.integration.catalog.test_features import FEATURES, MILES
from tests.integration.catalog.test_plans import EVERY_ENTITLEMENT, EVERY_PRICE, PHASE, PLAN, PLANS
from tests.integration.odd import odd_forms

TEXTS = ["", "x" * 2000, "\ud800", "1e999", "P0D", "P9999999Y"]
ODD: list[Any] = [None, True, -1, 1.5, 10**400, *TEXTS, [], [None], {}, {"type": None}, {"type": {}}]
PRICED = PLAN | {"phases": [PHASE | {"rateCards": EVERY_PRICE[1:]}]}
ENTITLING = PLAN | {"phases": [PHASE | {"rateCards": EVERY_ENTITLEMENT}]}
FEATURE = MILES | {
    "advancedMeterGroupByFilters": {"dest": {"$in": ["LAX"], "$or": [{"$eq": "LAX"}]}},
    "unitCost": {"type": "manual", "amount": "1"},
}
TOKENS = {
    "key": "tokens",
    "name": "Tokens",
    "meterSlug": "tokens",
    "meterGroupByFilters": {"kind": "input"},
    "unitCost": {"type": "llm", "provider": "openai", "modelProperty": "model", "tokenType": "input"},
}


@pytest.mark.parametrize(
    ("address", "body"),
    [(PLANS, PLAN), (PLANS, PRICED), (PLANS, ENTITLING), (ADDONS, TERMINAL), (FEATURES, FEATURE), (FEATURES, TOKENS)],
)
def test_no_body_is_odd_enough_to_break_the_server(call: Call, address: str, body: dict[str, Any]) -> None:
    answers = {odd: call("POST", address, document) for odd, document in odd_forms(body, ODD)}

    assert [key for key, (status, _) in answers.items() if status not in {201, 400, 409}] == []
    refused = [problem for status, problem in answers.values() if status == 400]
    assert all(problem["extensions"]["validationErrors"] for problem in refused)


@pytest.mark.parametrize("path", ["'", "%ED%A0%80", "x" * 5000, "..", "%2F"])
def test_no_address_is_odd_enough_to_break_the_server(call: Call, path: str) -> None:
    assert call("GET", f"{FEATURES}/{path}")[0] in {200, 400, 404}
    assert call("POST", f"{PLANS}/{path}/next")[0] in {400, 404}
    assert call("GET", f"{ADDONS}/{path}")[0] in {400, 404}
    assert call("GET", f"{PLANS}/{path}/addons/{path}")[0] in {400, 404}
    assert call("DELETE", f"{PLANS}/{path}/addons/{path}")[0] in {400, 404}


@pytest.mark.parametrize(
    "query", ["page=0", "pageSize=1001", "page=99999999999", "order=UP", "orderBy=mood", "limit=x"]
)
def test_an_odd_query_is_refused(call: Call, query: str) -> None:
    status, problem = call("GET", FEATURES, query=query)

    assert status == 400
    assert problem["extensions"]["validationErrors"][0]["field"].startswith("query:")
