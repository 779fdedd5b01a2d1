from decimal import Decimal

import pytest

from tests.integration.entitlements.house import ACME, APP, House
from tests.unit.subscriptions.samples import at

MINUTE = "2024-03-15T10:30:00Z"
GRANTS = f"{ACME}/tokens/grants"
MONTH = {"duration": "MONTH", "count": 1}


def voided_at(house: House, grant_id: str) -> str | None:
    items = house.ok("GET", "/api/v2/grants", query="includeDeleted=true")["items"]
    found: str | None = next(grant.get("voidedAt") for grant in items if grant["id"] == grant_id)
    return found


def test_a_grant_is_told_with_what_follows_from_it(house: House) -> None:
    made = house.entitled()
    body = {
        "amount": 100.5,
        "priority": 9,
        "effectiveAt": "2024-03-31T00:00:30Z",
        "expiration": MONTH,
        "minRolloverAmount": 1,
        "recurrence": {"interval": "WEEK"},
        "metadata": {"a": "b"},
        "annotations": {"deep": [1, {"x": None}]},
    }

    grant = house.ok("POST", GRANTS, body)

    assert str(grant.pop("amount")) == str(grant.pop("maxRolloverAmount")) == "100.5"
    assert {name: value for name, value in grant.items() if name not in {"id", "createdAt", "updatedAt"}} == {
        "entitlementId": made["id"],
        "priority": 9,
        "effectiveAt": "2024-03-31T00:00:00Z",
        "expiration": MONTH,
        "expiresAt": "2024-04-30T00:00:00Z",
        "minRolloverAmount": 1,
        "recurrence": {"interval": "WEEK", "intervalISO": "P1W", "anchor": "2024-03-31T00:00:00Z"},
        "nextRecurrence": "2024-04-07T00:00:00Z",
        "metadata": {"a": "b"},
        "annotations": {"deep": [1, {"x": None}]},
    }


def test_the_rest_of_a_grant_rolls_over_whole_unless_the_older_form_is_silent(house: House) -> None:
    house.entitled()
    older = {"amount": 7, "effectiveAt": MINUTE, "expiration": MONTH}

    assert house.granted(amount=7)["maxRolloverAmount"] == 7
    assert house.granted(amount=7, maxRolloverAmount=0)["maxRolloverAmount"] == 0
    assert house.ok("POST", f"{APP}/tokens/grants", older)["maxRolloverAmount"] == 0


def test_the_older_form_says_of_every_grant_when_it_expires(house: House) -> None:
    house.entitled()
    house.granted()

    [grant] = house.ok("GET", f"{APP}/tokens/grants")

    assert grant["expiration"] == {"duration": "YEAR", "count": 1000}
    assert "expiresAt" not in grant


@pytest.mark.parametrize("amount", ["0.000000000000000001", "99999999999999999999.999999999999999999", "1e19"])
def test_amounts_are_kept_exactly(house: House, amount: str) -> None:
    house.entitled()

    body = f'{{"amount": {amount}, "effectiveAt": "{MINUTE}"}}'
    assert house.call("POST", GRANTS, body)[0] == 201

    [row] = house.rows("SELECT amount FROM grants WHERE namespace = %(namespace)s")
    assert row["amount"] == Decimal(amount)


@pytest.mark.parametrize("effective_at", ["2024-03-15T10:30:00Z", "2024-03-15T10:30:59Z", "2030-01-01T00:00:00Z"])
def test_a_grant_begins_in_the_current_usage_period_or_later(house: House, effective_at: str) -> None:
    house.entitled()

    assert house.granted(effectiveAt=effective_at)["effectiveAt"] == effective_at[:17] + "00Z"


def test_a_grant_does_not_begin_before_the_current_usage_period(house: House) -> None:
    house.entitled(measureUsageFrom="2024-01-01T00:00:00Z")
    body = {"amount": 1, "effectiveAt": "2024-02-29T23:59:59Z"}

    assert house.refused("POST", GRANTS, body) == (400, {("/effectiveAt", "before_current_usage_period")})


def test_what_is_not_metered_is_granted_nothing(house: House) -> None:
    house.ok("POST", ACME, {"type": "boolean", "featureKey": "sso"})

    refused = house.refused("POST", f"{ACME}/sso/grants", {"amount": 1, "effectiveAt": MINUTE})

    assert refused == (400, {("", "entitlement_not_metered")})
    assert house.ok("GET", f"{ACME}/sso/grants")["items"] == []


def test_a_recurrence_is_told_no_more_once_the_grant_is_over(house: House) -> None:
    house.entitled()
    daily = {"recurrence": {"interval": "DAY", "anchor": "2024-01-01T06:00:00Z"}}
    house.granted(**daily, expiration={"duration": "WEEK", "count": 1})

    def told() -> str | None:
        found: str | None = house.ok("GET", GRANTS)["items"][0].get("nextRecurrence")
        return found

    assert told() == "2024-03-16T06:00:00Z"
    house.now = at("2024-03-22T06:00:00Z")
    assert told() is None


def test_a_voided_grant_ends_at_the_minute_and_is_listed_on_demand(house: House) -> None:
    house.entitled()
    grant = house.granted()
    house.now = at("2024-03-16T09:08:07Z")

    assert house.call("DELETE", f"/api/v1/grants/{grant['id']}") == (204, None)

    assert house.ok("GET", GRANTS)["items"] == []
    [shown] = house.ok("GET", GRANTS, query="includeDeleted=true")["items"]
    assert (shown["voidedAt"], shown["updatedAt"]) == ("2024-03-16T09:08:00Z", "2024-03-16T09:08:07Z")


@pytest.mark.parametrize("at_", ["2024-03-15T10:30:00Z", "2024-03-15T12:00:59Z"])
def test_a_grant_may_be_voided_back_to_where_the_usage_period_began(house: House, at_: str) -> None:
    house.entitled()
    grant = house.granted()
    house.now = at("2024-03-15T12:01:00Z")

    house.ok("DELETE", f"/api/v1/grants/{grant['id']}", query=f"at={at_}")

    assert voided_at(house, grant["id"]) == at_[:17] + "00Z"


@pytest.mark.parametrize(
    ("at_", "code"),
    [("2024-03-15T10:29:59Z", "before_current_usage_period"), ("2024-03-15T10:30:41Z", "in_the_future")],
)
def test_a_grant_is_voided_neither_ahead_nor_in_a_period_that_is_over(house: House, at_: str, code: str) -> None:
    house.entitled()
    grant = house.granted()

    refused = house.refused("DELETE", f"/api/v1/grants/{grant['id']}", query=f"at={at_}")

    assert refused == (400, {("query:at", code)})
    assert voided_at(house, grant["id"]) is None


def test_a_grant_is_voided_once(house: House) -> None:
    house.entitled()
    grant = house.granted()
    house.ok("DELETE", f"/api/v1/grants/{grant['id']}")

    assert house.refused("DELETE", f"/api/v1/grants/{grant['id']}") == (400, {("", "grant_already_voided")})


def test_a_grant_that_is_not_there_is_not_voided(house: House) -> None:
    house.entitled()
    grant = house.granted()
    house.ok("DELETE", f"{ACME}/tokens")

    assert house.call("DELETE", f"/api/v1/grants/{grant['id']}")[0] == 404
    assert house.call("DELETE", "/api/v1/grants/01HZ0000000000000000000001")[0] == 404


def test_grants_and_voids_are_told_in_domain_events(house: House) -> None:
    made = house.entitled()
    grant = house.granted(expiration=MONTH)
    house.ok("DELETE", f"/api/v1/grants/{grant['id']}")

    named = {
        "grantId": grant["id"],
        "entitlementId": made["id"],
        "customerId": house.customer,
        "featureKey": "tokens",
        "meterId": house.meter,
    }
    assert house.events()[1:] == [
        ("grant.created", named | {"effectiveAt": MINUTE, "expiresAt": "2024-04-15T10:30:00Z"}),
        ("grant.voided", named | {"voidedAt": MINUTE}),
    ]
