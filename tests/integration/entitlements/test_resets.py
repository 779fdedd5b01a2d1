import pytest

from tests.integration.entitlements.house import ACME, APP, House
from tests.unit.subscriptions.samples import at

RESET = f"{ACME}/tokens/reset"


def test_a_reset_begins_a_period_and_moves_the_anchor_to_its_minute(house: House) -> None:
    house.entitled(measureUsageFrom="CURRENT_PERIOD_START")

    assert house.call("POST", RESET, {}) == (204, None)

    shown = house.ok("GET", f"{ACME}/tokens")
    assert shown["lastReset"] == shown["usagePeriod"]["anchor"] == "2024-03-15T10:30:00Z"
    assert shown["currentUsagePeriod"] == {"from": "2024-03-15T10:30:00Z", "to": "2024-04-15T10:30:00Z"}
    assert shown["measureUsageFrom"] == "2024-03-01T00:00:00Z"


def test_a_reset_may_keep_the_anchor_and_lie_in_the_past(house: House) -> None:
    house.entitled(measureUsageFrom="CURRENT_PERIOD_START")

    house.ok("POST", RESET, {"effectiveAt": "2024-03-10T00:00:30Z", "retainAnchor": True})

    shown = house.ok("GET", f"{ACME}/tokens")
    assert shown["currentUsagePeriod"] == {"from": "2024-03-10T00:00:00Z", "to": "2024-04-01T00:00:00Z"}
    assert shown["usagePeriod"]["anchor"] == "2024-01-01T00:00:00Z"


def test_a_reset_needs_no_body_and_is_told_by_the_older_form_too(house: House) -> None:
    made = house.entitled(measureUsageFrom="CURRENT_PERIOD_START")

    assert house.call("POST", f"{APP}/{made['id']}/reset")[0] == 204

    assert house.ok("GET", f"{APP}/{made['id']}")["lastReset"] == "2024-03-15T10:30:00Z"


@pytest.mark.parametrize(
    ("effective_at", "code"),
    [
        ("2024-03-15T10:30:41Z", "in_the_future"),
        ("2024-02-29T23:59:59Z", "before_current_usage_period"),
        ("2024-03-01T00:00:59Z", "not_after_last_reset"),
    ],
)
def test_a_reset_lies_in_the_current_period_and_not_where_it_began(house: House, effective_at: str, code: str) -> None:
    house.entitled(measureUsageFrom="2024-01-01T00:00:00Z")

    refused = house.refused("POST", RESET, {"effectiveAt": effective_at})

    assert refused == (400, {("/effectiveAt", code)})


def test_a_reset_must_be_after_the_last_reset_by_a_minute(house: House) -> None:
    house.entitled(measureUsageFrom="CURRENT_PERIOD_START")
    house.ok("POST", RESET, {})
    house.now = at("2024-03-15T10:30:59Z")
    status, problem = house.call("POST", RESET, {})

    assert status == 400
    assert "must be after last reset" in problem["extensions"]["validationErrors"][0]["message"]
    house.now = at("2024-03-15T10:31:00Z")
    assert house.call("POST", RESET, {})[0] == 204


def test_what_is_not_metered_has_nothing_to_reset(house: House) -> None:
    house.ok("POST", ACME, {"type": "boolean", "featureKey": "sso"})

    assert house.refused("POST", f"{ACME}/sso/reset", {}) == (400, {("", "entitlement_not_metered")})


@pytest.mark.parametrize(
    ("of_entitlement", "of_reset", "kept"), [(True, None, True), (True, False, False), (False, True, True)]
)
def test_overage_is_kept_as_the_reset_says_or_else_the_entitlement(
    house: House, of_entitlement: bool, of_reset: bool | None, kept: bool
) -> None:
    made = house.entitled(measureUsageFrom="CURRENT_PERIOD_START", preserveOverageAtReset=of_entitlement)
    house.ok("POST", RESET, {"preserveOverage": of_reset})

    [reset] = house.rows("SELECT * FROM usage_resets WHERE namespace = %(namespace)s")

    assert (reset["entitlement_id"], reset["preserves_overage"]) == (made["id"], kept)
    assert house.ok("GET", f"{ACME}/tokens")["preserveOverageAtReset"] is of_entitlement


def test_a_grant_may_begin_where_usage_was_reset_and_not_before(house: House) -> None:
    house.entitled(measureUsageFrom="CURRENT_PERIOD_START")
    house.ok("POST", RESET, {})

    assert house.granted(effectiveAt="2024-03-15T10:30:00Z")["amount"] == 100
    body = {"amount": 1, "effectiveAt": "2024-03-15T10:29:00Z"}
    assert house.refused("POST", f"{ACME}/tokens/grants", body)[0] == 400


def test_a_managed_entitlement_may_be_reset(house: House) -> None:
    made = house.entitled(measureUsageFrom="CURRENT_PERIOD_START")
    house.manage(made["id"], "01HZ0000000000000000000001")

    assert house.call("POST", RESET, {})[0] == 204


def test_a_reset_is_told_in_a_domain_event(house: House) -> None:
    made = house.entitled(measureUsageFrom="CURRENT_PERIOD_START")
    house.ok("POST", RESET, {})

    kind, data = house.events()[-1]

    assert kind == "entitlement.reset"
    assert (data["entitlementId"], data["effectiveAt"]) == (made["id"], "2024-03-15T10:30:00Z")
