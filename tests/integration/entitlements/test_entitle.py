from typing import Any

import pytest

from meterhouse.metering.aggregation import Aggregation
from tests.integration.entitlements.house import ACME, APP, METERED, House
from tests.unit.subscriptions.samples import at

NOW = "2024-03-15T10:30:40Z"
MINUTE = "2024-03-15T10:30:00Z"


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_a_metered_entitlement_is_told_with_its_present_period(house: House) -> None:
    made = house.entitled(
        isSoftLimit=True, issue={"amount": 0.1, "priority": 3}, preserveOverageAtReset=True, metadata={"a": "b"}
    )

    assert without(made, "id", "issueAfterReset", "issue") == {
        "type": "metered",
        "customerId": house.customer,
        "customerKey": "acme",
        "featureId": house.tokens,
        "featureKey": "tokens",
        "createdAt": NOW,
        "updatedAt": NOW,
        "activeFrom": NOW,
        "isSoftLimit": True,
        "preserveOverageAtReset": True,
        "issueAfterResetPriority": 3,
        "lastReset": MINUTE,
        "measureUsageFrom": MINUTE,
        "currentUsagePeriod": {"from": MINUTE, "to": "2024-04-01T00:00:00Z"},
        "usagePeriod": {"interval": "MONTH", "intervalISO": "P1M", "anchor": "2024-01-01T00:00:00Z"},
        "metadata": {"a": "b"},
    }
    assert (str(made["issueAfterReset"]), str(made["issue"]["amount"])) == ("0.1", "0.1")
    assert house.ok("GET", f"{ACME}/{made['id']}") == made
    assert house.ok("GET", f"{ACME}/tokens") == made
    assert house.ok("GET", f"/api/v2/entitlements/{made['id']}") == made


def test_the_older_form_names_the_subject_asked_for_and_elsewhere_the_first_one(house: House) -> None:
    made = house.ok("POST", APP, METERED | {"issueAfterReset": 10})

    assert (made["subjectKey"], made["issueAfterReset"], made["issueAfterResetPriority"]) == ("acme-app", 10, 1)
    assert made["isUnlimited"] is False
    assert "customerId" not in made
    assert house.ok("GET", f"{APP}/{made['id']}") == made
    assert house.ok("GET", f"/api/v1/subjects/acme/entitlements/{made['id']}")["subjectKey"] == "acme"
    assert house.ok("GET", f"/api/v1/entitlements/{made['id']}")["subjectKey"] == "acme"


def test_a_subject_of_nobody_has_no_entitlements(house: House) -> None:
    assert house.call("POST", "/api/v1/subjects/nobody/entitlements", METERED)[0] == 404
    assert house.call("GET", "/api/v1/subjects/nobody/entitlements")[0] == 404


def test_static_and_boolean_ones_have_no_usage(house: House) -> None:
    config = '{ "models": ["a"],  "limit": 1.10 }'
    static = house.ok("POST", ACME, {"type": "static", "featureKey": "sso", "config": config})
    boolean = house.ok("POST", APP, {"type": "boolean", "featureId": house.tokens})

    assert (static["config"], static["type"]) == (config, "static")
    assert boolean["type"] == "boolean"
    assert not {"usagePeriod", "lastReset", "measureUsageFrom", "issue"} & {*static, *boolean}


def test_a_period_of_a_boolean_one_is_told_as_it_was_written(house: House) -> None:
    period = {"interval": "P2W", "anchor": "2024-03-04T00:00:59Z"}
    made = house.ok("POST", ACME, {"type": "boolean", "featureKey": "sso", "usagePeriod": period})

    assert made["usagePeriod"] == {"interval": "P2W", "intervalISO": "P2W", "anchor": "2024-03-04T00:00:00Z"}
    assert made["currentUsagePeriod"]["to"] == "2024-03-18T00:00:00Z"
    assert house.ok("GET", f"{ACME}/sso") == made


@pytest.mark.parametrize(
    ("wanted", "measured_from"),
    [
        (None, MINUTE),
        ("NOW", MINUTE),
        ("CURRENT_PERIOD_START", "2024-03-01T00:00:00Z"),
        ("2024-01-20T12:34:56+02:00", "2024-01-20T10:34:00Z"),
    ],
)
def test_usage_is_measured_from_where_the_author_says(house: House, wanted: str | None, measured_from: str) -> None:
    made = house.entitled(**({} if wanted is None else {"measureUsageFrom": wanted}))

    assert made["measureUsageFrom"] == measured_from
    assert made["lastReset"] == max(measured_from, "2024-03-01T00:00:00Z")


@pytest.mark.parametrize(
    ("interval", "told", "iso", "ends"),
    [
        ("DAY", "DAY", "P1D", "2024-03-16T10:30:00Z"),
        ("P1D", "DAY", "P1D", "2024-03-16T10:30:00Z"),
        ("PT8H", "PT8H", "PT8H", "2024-03-15T18:30:00Z"),
        ("PT24H", "PT24H", "PT24H", "2024-03-16T10:30:00Z"),
        ("P12M", "P12M", "P12M", "2025-03-15T10:30:00Z"),
        ("YEAR", "YEAR", "P1Y", "2025-03-15T10:30:00Z"),
        ("WEEK", "WEEK", "P1W", "2024-03-22T10:30:00Z"),
    ],
)
def test_periods_begin_with_the_entitlement_unless_anchored(
    house: House, interval: str, told: str, iso: str, ends: str
) -> None:
    made = house.entitled(usagePeriod={"interval": interval})

    assert made["usagePeriod"] == {"interval": told, "intervalISO": iso, "anchor": MINUTE}
    assert made["currentUsagePeriod"] == {"from": MINUTE, "to": ends}


def test_a_feature_s_id_goes_before_its_key(house: House) -> None:
    made = house.ok("POST", ACME, {"type": "boolean", "featureId": house.sso, "featureKey": "tokens"})

    assert made["featureKey"] == "sso"


@pytest.mark.parametrize("aggregation", ["AVG", "MIN", "MAX"])
def test_no_balance_is_burnt_by_averages_and_extremes(house: House, aggregation: str) -> None:
    house.add_feature("odd", house.add_meter("odd", Aggregation(aggregation)))

    refused = house.refused("POST", ACME, METERED | {"featureKey": "odd"})

    assert refused == (400, {("/featureKey", "unsupported_aggregation")})
    assert house.ok("POST", ACME, {"type": "boolean", "featureKey": "odd"})["type"] == "boolean"


@pytest.mark.parametrize("aggregation", ["SUM", "COUNT", "UNIQUE_COUNT", "LATEST"])
def test_a_balance_is_burnt_by_what_adds_up_and_by_levels(house: House, aggregation: str) -> None:
    house.add_feature("fit", house.add_meter("fit", Aggregation(aggregation)))

    assert house.entitled(featureKey="fit")["featureKey"] == "fit"


def test_nothing_new_is_given_of_an_archived_feature_and_what_there_is_stays(house: House) -> None:
    made = house.entitled()
    house.archive_feature(house.tokens)

    assert house.ok("GET", f"{ACME}/tokens") == made
    refused = house.refused("POST", ACME, METERED | {"featureKey": None, "featureId": house.tokens})
    assert refused == (400, {("/featureId", "feature_archived")})
    assert house.refused("POST", ACME, METERED) == (400, {("/featureKey", "feature_not_found")})


def test_a_customer_has_one_at_a_time_for_a_feature(house: House) -> None:
    house.entitled()

    for path, body in ((ACME, METERED), (APP, {"type": "boolean", "featureKey": "tokens"})):
        status, problem = house.call("POST", path, body)
        assert (status, problem["code"]) == (409, "entitlement_already_exists")
    house.add_customer("other")
    assert house.call("POST", "/api/v2/customers/other/entitlements", METERED)[0] == 201


def test_one_key_is_one_feature_though_it_was_archived_and_made_anew(house: House) -> None:
    house.entitled()
    house.archive_feature(house.tokens)
    house.add_feature("tokens", house.meter)

    assert house.call("POST", ACME, METERED)[0] == 409


def test_what_is_issued_after_resets_is_a_grant_that_rolls_over_to_its_amount(house: House) -> None:
    made = house.entitled(issue={"amount": 5000, "priority": 7}, measureUsageFrom="CURRENT_PERIOD_START")

    [grant] = house.ok("GET", f"{ACME}/tokens/grants")["items"]

    assert without(grant, "id", "createdAt", "updatedAt") == {
        "entitlementId": made["id"],
        "amount": 5000,
        "priority": 7,
        "effectiveAt": "2024-03-01T00:00:00Z",
        "minRolloverAmount": 5000,
        "maxRolloverAmount": 5000,
        "metadata": {"issueAfterReset": "true"},
    }


def test_nothing_issued_is_no_grant(house: House) -> None:
    assert house.entitled(issue={"amount": 0})["issue"] == {"amount": 0, "priority": 1}
    assert house.ok("GET", f"{ACME}/tokens/grants")["items"] == []


def test_the_deprecated_words_for_what_is_issued_may_stand_beside_the_new_ones(house: House) -> None:
    made = house.entitled(issue={"amount": 5}, issueAfterReset=5.0, issueAfterResetPriority=1)

    assert made["issue"] == {"amount": 5, "priority": 1}


def test_a_default_priority_that_a_client_sends_along_says_nothing(house: House) -> None:
    made = house.entitled(issue={"amount": 5, "priority": 3}, issueAfterResetPriority=1)

    assert made["issue"] == {"amount": 5, "priority": 3}
    assert "issue" not in house.ok("PUT", f"{ACME}/tokens/override", METERED | {"issueAfterResetPriority": 1})


def test_grants_come_with_an_entitlement_in_the_order_they_were_written(house: House) -> None:
    grants = [
        {"amount": amount, "effectiveAt": "2024-03-15T10:30:20Z", "expiration": {"duration": "MONTH", "count": 1}}
        for amount in range(1, 9)
    ]
    house.entitled(grants=grants)

    found = house.ok("GET", f"{ACME}/tokens/grants", query="orderBy=id")["items"]

    assert [grant["amount"] for grant in found] == list(range(1, 9))
    assert {grant["expiresAt"] for grant in found} == {"2024-04-15T10:30:00Z"}
    assert {grant["maxRolloverAmount"] for grant in found} == set(range(1, 9))


def test_one_faulty_grant_leaves_nothing_behind(house: House) -> None:
    good = {"amount": 1, "effectiveAt": NOW}
    early = {"amount": 0, "effectiveAt": "2024-03-01T00:00:00Z"}

    refused = house.refused("POST", ACME, METERED | {"grants": [good, early]})

    assert refused == (
        400, {("/grants/1/amount", "not_positive"), ("/grants/1/effectiveAt", "before_current_usage_period")}
    )  # fmt: skip
    assert house.ok("GET", ACME)["totalCount"] == 0
    assert house.events() == []


def test_what_happened_is_told_in_domain_events(house: House) -> None:
    made = house.entitled(issue={"amount": 1})

    named = {
        "entitlementId": made["id"],
        "customerId": house.customer,
        "featureKey": "tokens",
        "meterId": house.meter,
    }
    [(first, created), (second, granted)] = house.events()
    assert (first, created) == ("entitlement.created", named)
    assert (second, granted | named) == ("grant.created", granted)


def test_a_repeated_request_with_its_key_is_answered_as_before(house: House) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "once"}
    first = house.ok("POST", ACME, METERED, headers=headers)
    house.now = at("2024-03-16")

    assert house.ok("POST", ACME, METERED, headers=headers) == first
    assert house.ok("GET", ACME)["totalCount"] == 1
