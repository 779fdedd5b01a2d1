from typing import Any

import pytest

from tests.integration.catalog.given import Call
from tests.integration.catalog.test_addons import ADDONS, TERMINAL, on_sale
from tests.integration.catalog.test_custom_currencies import CREDITS, CURRENCIES, CUSTOM
from tests.integration.catalog.test_features import FEATURES, MILES
from tests.integration.catalog.test_plan_addons import TERMS
from tests.integration.catalog.test_plans import EVERY_ENTITLEMENT, EVERY_PRICE, PHASE, PLAN, PLANS, created
from tests.integration.catalog.test_tax_codes import CODES, DEFAULTS, SAAS
from tests.integration.odd import odd_forms

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
    answers = {odd: call("POST", address, document) for odd, document in odd_forms(body)}

    assert [key for key, (status, _) in answers.items() if status not in {201, 400, 409}] == []
    refused = [problem for status, problem in answers.values() if status == 400]
    assert all(problem["extensions"]["validationErrors"] for problem in refused)


@pytest.mark.usefixtures("features")
def test_no_assignment_is_odd_enough_to_break_the_server(call: Call) -> None:
    plan, addon = created(call), on_sale(call)
    body = TERMS | {"addonId": addon["id"]}
    every, one = f"{PLANS}/{plan['id']}/addons", f"{PLANS}/{plan['id']}/addons/{addon['id']}"
    assert call("POST", every, body)[0] == 201

    assigned = {odd: call("POST", every, document)[0] for odd, document in odd_forms(body)}
    replaced = {odd: call("PUT", one, document)[0] for odd, document in odd_forms(TERMS)}

    assert [odd for odd, status in assigned.items() if status not in {400, 409}] == []
    assert [odd for odd, status in replaced.items() if status not in {200, 400}] == []


def test_no_tax_code_or_currency_is_odd_enough_to_break_the_server(call: Call) -> None:
    code, currency = call("POST", CODES, SAAS)[1], call("POST", CUSTOM, CREDITS)[1]
    basis = {"fiat_code": "USD", "rate": "1", "effective_from": "2014-01-01T00:00:00Z"}
    basis |= {"effective_to": "2015-01-01T00:00:00Z"}
    bodies = (
        ("POST", CODES, SAAS),
        ("PUT", f"{CODES}/{code['id']}", {name: SAAS[name] for name in SAAS if name != "key"}),
        ("PUT", DEFAULTS, {"invoicing_tax_code": {"id": code["id"]}}),
        ("POST", CUSTOM, CREDITS),
        ("POST", f"{CUSTOM}/{currency['id']}/cost-bases", basis),
    )

    for method, path, body in bodies:
        for odd, document in odd_forms(body):
            status, problem = call(method, path, document)
            assert status in {200, 201, 400, 409}, (path, odd, problem)
            assert status != 400 or problem["extensions"]["validationErrors"], (path, odd, problem)
    assert call("GET", CODES)[0] == call("GET", CURRENCIES)[0] == 200


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
