from typing import Any

import pytest

from tests.integration.entitlements.house import ACME, APP, METERED, MONTHLY, House
from tests.integration.odd import odd_forms

GRANT = {
    "amount": 1.5,
    "priority": 2,
    "effectiveAt": "2024-03-15T10:30:00Z",
    "expiration": {"duration": "DAY", "count": 2},
    "minRolloverAmount": 0,
    "maxRolloverAmount": 1,
    "recurrence": {"interval": "P1D", "anchor": "2024-03-15T10:30:00Z"},
    "metadata": {"a": "b"},
}
METERED_V2 = METERED | {
    "measureUsageFrom": "NOW",
    "isSoftLimit": False,
    "grants": [GRANT | {"annotations": {"a": 1}}],
    "metadata": {"a": "b"},
}
STATIC = {"type": "static", "featureKey": "sso", "config": "{}", "usagePeriod": MONTHLY}
ISSUED = METERED | {"issueAfterReset": 1, "issueAfterResetPriority": 2, "isUnlimited": False}
LISTS = ("entitlements", "grants")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", ACME, METERED_V2),
        ("POST", ACME, STATIC),
        ("POST", APP, ISSUED),
        ("PUT", f"{ACME}/tokens/override", METERED_V2),
        ("PUT", f"{APP}/tokens/override", ISSUED),
        ("POST", f"{ACME}/tokens/grants", GRANT),
        ("POST", f"{APP}/tokens/grants", GRANT),
        (
            "POST",
            f"{ACME}/tokens/reset",
            {"effectiveAt": "2024-03-15T10:30:00Z", "retainAnchor": True, "preserveOverage": False},
        ),
    ],
)
def test_no_body_is_odd_enough_to_break_the_server(house: House, method: str, path: str, body: dict[str, Any]) -> None:
    is_entitled = path not in {ACME, APP}
    begin_anew(house, is_entitled=is_entitled)
    answers, told = {}, set()
    for odd, document in odd_forms(body):
        answers[odd] = house.call(method, path, document)
        if answers[odd][0] < 300:
            # whatever was accepted can be told; its repeat would be refused for another reason than what is odd
            told |= {house.call("GET", f"/api/v{version}/{what}")[0] for version in (1, 2) for what in LISTS}
            begin_anew(house, is_entitled=is_entitled)

    assert [key for key, (status, _) in answers.items() if status not in {201, 204, 400}] == []
    refused = [problem for status, problem in answers.values() if status == 400]
    assert all(problem["extensions"]["validationErrors"] for problem in refused)
    assert told == {200}


def begin_anew(house: House, *, is_entitled: bool) -> None:
    """As if the customer had never had an entitlement, or just got one."""
    for feature in ("tokens", "sso"):
        house.call("DELETE", f"{ACME}/{feature}")
    if is_entitled:
        house.entitled(measureUsageFrom="CURRENT_PERIOD_START")


PERIOD = "/usagePeriod/interval"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"type": "unlimited"}, "", "union_tag_invalid"),
        ({"featureKey": None}, "/featureKey", "feature_required"),
        ({"featureKey": "nothing"}, "/featureKey", "feature_not_found"),
        ({"featureId": "01HZ0000000000000000000001"}, "/featureId", "feature_not_found"),
        ({"featureKey": "Tokens"}, "/featureKey", "string_pattern_mismatch"),
        ({"featureKey": "sso"}, "/featureKey", "feature_not_metered"),
        ({"usagePeriod": None}, "/usagePeriod", "model_attributes_type"),
        ({"usagePeriod": {"interval": "HOUR"}}, PERIOD, "interval"),
        ({"usagePeriod": {"interval": "PT30M"}}, PERIOD, "interval"),
        ({"usagePeriod": {"interval": "P1M1D"}}, PERIOD, "interval"),
        ({"usagePeriod": {"interval": "P1.5D"}}, PERIOD, "interval"),
        ({"usagePeriod": {"interval": "P101Y"}}, PERIOD, "too_long"),
        ({"usagePeriod": {"interval": "PT9999999H"}}, PERIOD, "too_long"),
        ({"usagePeriod": {"interval": "MONTH", "anchor": "2024-01-01"}}, "/usagePeriod/anchor", "value_error"),
        ({"measureUsageFrom": "YESTERDAY"}, "/measureUsageFrom", "measure_usage_from"),
        ({"measureUsageFrom": 0}, "/measureUsageFrom", "measure_usage_from"),
        ({"measureUsageFrom": "2024-03-15T10:31:00Z"}, "/measureUsageFrom", "in_the_future"),
        ({"measureUsageFrom": "1969-12-31T23:59:59Z"}, "/measureUsageFrom", "too_early"),
        (
            {"measureUsageFrom": "1990-01-01T00:00:00Z", "usagePeriod": {"interval": "PT1H"}},
            "/measureUsageFrom",
            "too_many_periods",
        ),
        ({"issue": {"amount": -1}}, "/issue/amount", "greater_than_equal"),
        ({"issue": {"amount": "1"}}, "/issue/amount", "number"),
        ({"issue": {"amount": 1, "priority": 0}}, "/issue/priority", "greater_than_equal"),
        ({"issue": {"amount": 1, "priority": 256}}, "/issue/priority", "less_than_equal"),
        ({"issue": {"amount": 1}, "issueAfterReset": 2}, "/issueAfterReset", "issues_differ"),
        (
            {"issue": {"amount": 1}, "issueAfterReset": 1, "issueAfterResetPriority": 2},
            "/issueAfterResetPriority",
            "issues_differ",
        ),
        ({"issueAfterResetPriority": 2}, "/issueAfterResetPriority", "amount_required"),
        ({"issue": {"amount": 1}, "grants": [GRANT]}, "/grants", "issue_and_grants"),
        ({"issueAfterReset": 1, "grants": [GRANT]}, "/grants", "issue_and_grants"),
        ({"grants": [GRANT] * 101}, "/grants", "too_long"),
        ({"isUnlimited": True}, "/isUnlimited", "extra_forbidden"),
        ({"isSoftLimit": "yes"}, "/isSoftLimit", "bool_type"),
        ({"metadata": {"a": 1}}, "/metadata/a", "string_type"),
        ({"type": "static"}, "/config", "missing"),
    ],
)
def test_a_faulty_entitlement_is_refused_at_its_fault(
    house: House, changes: dict[str, Any], field: str, code: str
) -> None:
    status, found = house.refused("POST", ACME, METERED | changes)

    assert status == 400
    assert (field, code) in found


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"amount": 0}, "/amount", "not_positive"),
        ({"amount": -1}, "/amount", "greater_than_equal"),
        ({"amount": "10"}, "/amount", "number"),
        ({"amount": True}, "/amount", "number"),
        ({"amount": 10**20}, "/amount", "decimal_whole_digits"),
        ({"amount": None}, "/amount", "number"),
        ({"priority": 0}, "/priority", "greater_than_equal"),
        ({"priority": 256}, "/priority", "less_than_equal"),
        ({"priority": "1"}, "/priority", "int_type"),
        ({"expiration": {"duration": "DECADE", "count": 1}}, "/expiration/duration", "enum"),
        ({"expiration": {"duration": "YEAR", "count": 1001}}, "/expiration/count", "less_than_equal"),
        ({"expiration": {"duration": "YEAR", "count": 0}}, "/expiration/count", "greater_than_equal"),
        ({"expiration": {"duration": "YEAR"}}, "/expiration/count", "missing"),
        ({"minRolloverAmount": 2}, "/minRolloverAmount", "min_above_max"),
        ({"maxRolloverAmount": -1}, "/maxRolloverAmount", "greater_than_equal"),
        ({"recurrence": {"interval": "PT59M"}}, "/recurrence/interval", "interval"),
        ({"recurrence": {"interval": "P101Y"}}, "/recurrence/interval", "too_long"),
        ({"effectiveAt": "2024-03-15"}, "/effectiveAt", "value_error"),
        ({"effectiveAt": "2200-01-01T00:00:00Z"}, "/effectiveAt", "too_late"),
        ({"voidedAt": "2024-03-15T10:30:00Z"}, "/voidedAt", "extra_forbidden"),
    ],
)
@pytest.mark.parametrize("path", [ACME, APP])
def test_a_faulty_grant_is_refused_at_its_fault(
    house: House, path: str, changes: dict[str, Any], field: str, code: str
) -> None:
    house.entitled()

    status, found = house.refused("POST", f"{path}/tokens/grants", GRANT | changes)

    assert status == 400
    assert (field, code) in found


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "1e20", "1e999", f"1e{10**25}", "0.0000000000000000001", "-0.5", "1e-19"]
)
def test_an_amount_that_no_meter_could_measure_is_refused(house: House, amount: str) -> None:
    house.entitled()
    body = f'{{"amount": {amount}, "effectiveAt": "2024-03-15T10:30:00Z"}}'

    assert house.call("POST", f"{ACME}/tokens/grants", body)[0] == 400


def test_a_thousand_years_are_not_too_long_for_a_grant(house: House) -> None:
    house.entitled()
    longest = {"effectiveAt": "2199-12-31T00:00:00Z", "expiration": {"duration": "YEAR", "count": 1000}}

    assert house.granted(**longest, recurrence={"interval": "P100Y"})["expiresAt"] == "3199-12-31T00:00:00Z"


@pytest.mark.parametrize("config", ["", "{", "{} {}", "NaN", "'a'", "[" * 100 + "]" * 100, '"' + "x" * 65_536 + '"'])
def test_a_config_that_is_no_json_is_refused(house: House, config: str) -> None:
    body = {"type": "static", "featureKey": "sso", "config": config}

    [(field, _)] = house.refused("POST", ACME, body)[1]

    assert field == "/config"


@pytest.mark.parametrize("config", ["null", "1.0", '"text"', '{"a":1,"a":2}', ' {"b" : [1e2] }\n'])
def test_a_config_is_told_as_it_was_written(house: House, config: str) -> None:
    house.ok("POST", ACME, {"type": "static", "featureKey": "sso", "config": config})

    assert house.ok("GET", f"{ACME}/sso")["config"] == config


def test_unlimited_entitlements_are_not_made(house: House) -> None:
    assert house.refused("POST", APP, METERED | {"isUnlimited": True}) == (400, {("/isUnlimited", "not_supported")})


def test_the_older_form_asks_when_a_grant_expires(house: House) -> None:
    house.entitled()
    body = {"amount": 1, "effectiveAt": "2024-03-15T10:30:00Z"}

    assert house.refused("POST", f"{APP}/tokens/grants", body) == (400, {("/expiration", "missing")})
    assert house.refused("POST", APP, METERED | {"grants": []}) == (400, {("/grants", "extra_forbidden")})


@pytest.mark.parametrize("name", ["'", "%ED%A0%80", "x" * 5000, "..", "%2F", "Tokens", "a__b"])
def test_no_address_is_odd_enough_to_break_the_server(house: House, name: str) -> None:
    for path in (f"{ACME}/{name}", f"{APP}/{name}", f"/api/v2/entitlements/{name}"):
        assert house.call("GET", path)[0] in {400, 404}
        assert house.call("DELETE", path)[0] in {400, 404}
    for path in (f"/api/v2/customers/{name}/entitlements", f"/api/v1/subjects/{name}/entitlements"):
        assert house.call("GET", path)[0] in {400, 404}
    assert house.call("DELETE", f"/api/v1/grants/{name}")[0] in {400, 404}


@pytest.mark.parametrize("path", ["/api/v2/entitlements", "/api/v1/entitlements", "/api/v2/grants", "/api/v1/grants"])
@pytest.mark.parametrize(
    "query",
    ["page=0", "pageSize=1001", "page=99999999999", "offset=-1", "limit=0", "limit=1001", "order=UP", "orderBy=mood"],
)
def test_an_odd_query_is_refused(house: House, path: str, query: str) -> None:
    status, problem = house.call("GET", path, query=query)

    assert status == 400
    assert problem["extensions"]["validationErrors"][0]["field"].startswith("query:")


@pytest.mark.parametrize("at", ["now", "2024-03-15", "", "1"])
def test_a_void_at_no_instant_is_refused(house: House, at: str) -> None:
    house.entitled()
    grant = house.granted()

    status, found = house.refused("DELETE", f"/api/v1/grants/{grant['id']}", query=f"at={at}")

    assert (status, {field for field, _ in found}) == (400, {"query:at"})
