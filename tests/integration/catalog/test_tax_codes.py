import pytest

from tests.integration.catalog.given import Call, Clock
from tests.integration.catalog.test_plans import PHASE, PLAN, PLANS
from tests.problems import faults_of
from tests.unit.catalog.test_schema import FEE_WIRE

CODES, DEFAULTS = "/api/v3/openmeter/tax-codes", "/api/v3/openmeter/defaults/tax-codes"
SAAS = {
    "key": "saas",
    "name": "Software as a service",
    "labels": {"kind": "digital"},
    "app_mappings": [{"app_type": "stripe", "tax_code": "txcd_10103001"}],
}
NOBODY = "01HZ0000000000000000000000"


def created(call: Call, key: str = "saas") -> str:
    status, code = call("POST", CODES, SAAS | {"key": key})
    assert status == 201
    return str(code["id"])


def test_a_tax_code_is_created_shown_rewritten_and_deleted(call: Call, clock: Clock) -> None:
    status, code = call("POST", CODES, SAAS)
    assert status == 201
    assert {name: code[name] for name in SAAS} == SAAS
    assert call("GET", f"{CODES}/{code['id']}") == (200, code)

    clock.pass_day()
    status, rewritten = call("PUT", f"{CODES}/{code['id']}", {"name": "Software", "app_mappings": []})
    assert (status, rewritten["key"], rewritten["name"], "labels" in rewritten) == (200, "saas", "Software", False)
    assert rewritten["updated_at"] == "2013-01-02T00:00:00Z"

    assert call("DELETE", f"{CODES}/{code['id']}") == (204, None)
    assert call("DELETE", f"{CODES}/{code['id']}") == (204, None)
    assert call("GET", f"{CODES}/{code['id']}")[1]["deleted_at"] == "2013-01-02T00:00:00Z"
    assert call("PUT", f"{CODES}/{code['id']}", {"name": "Software", "app_mappings": []})[0] == 410


def test_a_key_is_one_live_codes_alone(call: Call) -> None:
    first = created(call)

    status, problem = call("POST", CODES, SAAS)
    assert (status, problem["code"], faults_of(problem)) == (
        409,
        "tax_code_key_conflict",
        [("/key", "tax_code_key_conflict")],
    )

    call("DELETE", f"{CODES}/{first}")
    assert created(call) != first


def test_codes_are_listed_by_pages_deleted_ones_where_asked_for(call: Call) -> None:
    ids = [created(call, key) for key in ("one", "two", "three")]
    call("DELETE", f"{CODES}/{ids[0]}")

    _, live = call("GET", CODES, query="page[size]=1&page[number]=2")
    assert [code["id"] for code in live["data"]] == ids[2:]
    assert live["meta"] == {"page": {"number": 2, "size": 1, "total": 2}}
    _, every = call("GET", CODES, query="include_deleted=true")
    assert [code["id"] for code in every["data"]] == ids


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"key": "Not A Key"}, ("/key", "string_pattern_mismatch")),
        ({"rate": "19"}, ("/rate", "extra_forbidden")),
        (
            {"app_mappings": [{"app_type": "stripe", "tax_code": "digital"}]},
            ("/app_mappings/0/tax_code", "tax_code_not_stripes"),
        ),
        (
            {"app_mappings": [{"app_type": "sandbox", "tax_code": "a"}, {"app_type": "sandbox", "tax_code": "b"}]},
            ("/app_mappings/1/app_type", "tax_code_app_type_duplicated"),
        ),
        (
            {"app_mappings": [{"app_type": "external_invoicing", "tax_code": ""}]},
            ("/app_mappings/0/tax_code", "tax_code_length"),
        ),
    ],
)
def test_a_faulty_code_is_refused_at_its_place(call: Call, changes: object, fault: tuple[str, str]) -> None:
    assert isinstance(changes, dict)
    status, problem = call("POST", CODES, SAAS | changes)
    assert (status, faults_of(problem)) == (400, [fault])


def test_what_does_not_exist_is_not_found(call: Call) -> None:
    for method, body in (("GET", None), ("PUT", {"name": "No", "app_mappings": []}), ("DELETE", None)):
        assert call(method, f"{CODES}/{NOBODY}", body)[0] == 404


def test_defaults_are_set_together_first_and_one_by_one_later(call: Call) -> None:
    saas, credit = created(call), created(call, "credit")
    assert call("GET", DEFAULTS)[0] == 404

    status, problem = call("PUT", DEFAULTS, {"invoicing_tax_code": {"id": saas}})
    assert (status, faults_of(problem)) == (400, [("/credit_grant_tax_code", "missing")])

    both = {"invoicing_tax_code": {"id": saas}, "credit_grant_tax_code": {"id": saas}}
    assert call("PUT", DEFAULTS, both)[0] == 200
    _, now = call("PUT", DEFAULTS, {"credit_grant_tax_code": {"id": credit}})
    assert (now["invoicing_tax_code"]["id"], now["credit_grant_tax_code"]["id"]) == (saas, credit)
    assert call("GET", DEFAULTS) == (200, now)

    status, problem = call("PUT", DEFAULTS, {"invoicing_tax_code": {"id": NOBODY}})
    assert (status, faults_of(problem)) == (400, [("/invoicing_tax_code/id", "tax_code_not_found")])


def test_a_code_is_kept_while_it_is_a_default_or_sold(call: Call) -> None:
    default, sold = created(call), created(call, "sold")
    both = {"invoicing_tax_code": {"id": default}, "credit_grant_tax_code": {"id": default}}
    call("PUT", DEFAULTS, both)
    fee = FEE_WIRE | {"taxConfig": {"behavior": "exclusive", "taxCodeId": sold}}
    _, plan = call("POST", PLANS, PLAN | {"phases": [PHASE | {"rateCards": [fee]}]})

    status, problem = call("DELETE", f"{CODES}/{default}")
    assert (status, problem["code"], "the defaults" in problem["detail"]) == (409, "tax_code_in_use", True)
    status, problem = call("DELETE", f"{CODES}/{sold}")
    assert (status, problem["code"], "plan airline version 1" in problem["detail"]) == (409, "tax_code_in_use", True)

    call("DELETE", f"{PLANS}/{plan['id']}")
    assert call("DELETE", f"{CODES}/{sold}") == (204, None)


def test_a_plan_or_an_addon_that_names_a_code_that_is_not_there_cannot_be_sold(call: Call) -> None:
    fee = FEE_WIRE | {"taxConfig": {"taxCodeId": NOBODY}}
    _, plan = call("POST", PLANS, PLAN | {"phases": [PHASE | {"rateCards": [fee]}]})
    addon = {"key": "extra", "name": "Extra", "currency": "USD", "instanceType": "single", "rateCards": [fee]}
    _, extra = call("POST", "/api/v1/addons", addon)

    for path, at in ((f"{PLANS}/{plan['id']}", "/phases/0"), (f"/api/v1/addons/{extra['id']}", "")):
        status, problem = call("POST", f"{path}/publish")
        pointer = f"{at}/rateCards/0/taxConfig/taxCodeId"
        assert (status, faults_of(problem)) == (400, [(pointer, "rate_card_tax_code_not_found")])
