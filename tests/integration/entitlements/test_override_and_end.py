import pytest

from tests.integration.entitlements.house import ACME, APP, METERED, MONTHLY, House
from tests.unit.subscriptions.samples import at

LATER = "2024-03-20T08:15:30Z"


def test_an_override_ends_the_old_one_where_the_new_one_begins_and_keeps_it(house: House) -> None:
    old = house.entitled(issue={"amount": 10})
    house.now = at(LATER)

    new = house.ok("PUT", f"{ACME}/tokens/override", METERED | {"issue": {"amount": 20}})

    assert (new["activeFrom"], new["measureUsageFrom"]) == (LATER, "2024-03-20T08:15:00Z")
    assert house.ok("GET", f"{ACME}/tokens") == new
    ended = house.ok("GET", f"{ACME}/{old['id']}")
    assert (ended["activeTo"], ended["deletedAt"], ended["updatedAt"]) == (LATER, LATER, LATER)
    assert [grant["amount"] for grant in house.ok("GET", f"{ACME}/tokens/grants")["items"]] == [20]
    kept = house.ok("GET", f"{ACME}/{old['id']}/grants", query="includeDeleted=true")["items"]
    assert [grant["amount"] for grant in kept] == [10]


def test_an_override_may_be_of_another_type_and_leave_the_feature_out(house: House) -> None:
    house.entitled()
    house.now = at(LATER)

    new = house.ok("PUT", f"{APP}/tokens/override", {"type": "boolean"})

    assert (new["type"], new["featureKey"], new["subjectKey"]) == ("boolean", "tokens", "acme-app")


def test_an_override_keeps_the_feature(house: House) -> None:
    made = house.entitled()

    body = {"type": "boolean", "featureKey": "sso"}
    assert house.refused("PUT", f"{ACME}/{made['id']}/override", body) == (400, {("/featureKey", "other_feature")})


def test_an_override_uses_the_feature_that_has_the_key_by_now(house: House) -> None:
    house.entitled()
    house.archive_feature(house.tokens)
    assert house.refused("PUT", f"{ACME}/tokens/override", {"type": "metered", "usagePeriod": MONTHLY}) == (
        400,
        {("/featureKey", "feature_archived")},
    )
    heir = house.add_feature("tokens", house.meter)

    new = house.ok("PUT", f"{ACME}/tokens/override", {"type": "metered", "usagePeriod": MONTHLY})

    assert new["featureId"] == heir


def test_an_override_that_is_refused_leaves_the_old_one_as_it_was(house: House) -> None:
    old = house.entitled()
    house.now = at(LATER)

    assert (
        house.call("PUT", f"{ACME}/tokens/override", METERED | {"measureUsageFrom": "1969-01-01T00:00:00Z"})[0] == 400
    )

    assert house.ok("GET", f"{ACME}/tokens")["activeFrom"] == old["activeFrom"]
    assert [kind for kind, _ in house.events()] == ["entitlement.created"]


def test_two_overrides_in_one_instant_leave_the_last_one(house: House) -> None:
    house.entitled()
    first = house.ok("PUT", f"{ACME}/tokens/override", METERED)
    last = house.ok("PUT", f"{ACME}/tokens/override", METERED)

    assert house.ok("GET", f"{ACME}/tokens")["id"] == last["id"]
    assert house.ok("GET", f"{ACME}/{first['id']}")["activeTo"] == first["activeFrom"]


@pytest.mark.parametrize("path", [ACME, APP])
def test_an_entitlement_that_was_ended_is_not_there_to_be_ended_again(house: House, path: str) -> None:
    made = house.entitled()
    house.now = at(LATER)

    assert house.call("DELETE", f"{path}/{made['id']}") == (204, None)

    assert house.call("DELETE", f"{path}/{made['id']}")[0] == 404
    assert house.call("PUT", f"{path}/{made['id']}/override", METERED)[0] == 404
    assert house.call("POST", f"{path}/{made['id']}/reset", {})[0] == 404
    grant = {"amount": 1, "effectiveAt": LATER, "expiration": {"duration": "DAY", "count": 1}}
    assert house.call("POST", f"{path}/{made['id']}/grants", grant)[0] == 404
    assert house.call("GET", f"{ACME}/tokens")[0] == 404
    assert house.ok("GET", f"{ACME}/{made['id']}")["deletedAt"] == LATER


def test_another_may_follow_where_one_ended(house: House) -> None:
    house.entitled()
    house.ok("DELETE", f"{ACME}/tokens")

    assert house.entitled()["activeFrom"] == "2024-03-15T10:30:40Z"


def test_one_that_is_over_is_told_as_it_was_when_it_ended(house: House) -> None:
    made = house.entitled()
    house.ok("DELETE", f"{ACME}/tokens")
    house.now = at("2025-01-01")

    shown = house.ok("GET", f"{ACME}/{made['id']}")

    assert shown["currentUsagePeriod"] == made["currentUsagePeriod"]


def test_the_entitlement_of_another_customer_is_not_found(house: House) -> None:
    made = house.entitled()
    house.add_customer("other")

    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/reset"), ("PUT", "/override"), ("GET", "/grants")):
        body = METERED if method == "PUT" else None
        assert house.call(method, f"/api/v2/customers/other/entitlements/{made['id']}{path}", body)[0] == 404


def test_what_a_subscription_manages_is_neither_changed_nor_ended_by_hand(house: House) -> None:
    made = house.entitled()
    house.manage(made["id"], "01HZ0000000000000000000001")

    for method, path, body in (
        ("DELETE", f"{ACME}/tokens", None),
        ("PUT", f"{ACME}/tokens/override", METERED),
        ("DELETE", f"{APP}/{made['id']}", None),
        ("PUT", f"{APP}/tokens/override", METERED),
    ):
        status, problem = house.call(method, path, body)
        assert (status, problem["detail"]) == (
            403,
            "the entitlement is managed by subscription 01HZ0000000000000000000001",
        )


def test_what_a_subscription_manages_may_be_topped_up(house: House) -> None:
    house.manage(house.entitled()["id"], "01HZ0000000000000000000001")

    assert house.granted(amount=5)["amount"] == 5


def test_ends_are_told_in_domain_events(house: House) -> None:
    old = house.entitled()
    new = house.ok("PUT", f"{ACME}/tokens/override", METERED)
    house.ok("DELETE", f"{ACME}/tokens")

    told = [(kind, data["entitlementId"], data.get("supersededBy")) for kind, data in house.events()]

    assert told == [
        ("entitlement.created", old["id"], None),
        ("entitlement.created", new["id"], None),
        ("entitlement.deleted", old["id"], new["id"]),
        ("entitlement.deleted", new["id"], None),
    ]
