"""What a customer may use, over HTTP, on the real stores."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.customers.model import CustomerDetails
from meterhouse.customers.postgres import PostgresSubjects
from meterhouse.customers.subject import Subject
from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.spec import EntitlementSpec
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import PostgresSettings
from tests.integration.entitlements.front import Front
from tests.integration.entitlements.test_balances import hold
from tests.integration.entitlements.usage_house import ACME, DAY, HOUR, MINUTE, UsageHouse

V2 = "/api/v2/customers/acme/entitlements/tokens/value"
V1 = "/api/v1/customers/acme/entitlements/tokens/value"
QUERY = "/api/v3/openmeter/entitlement-access/query"
NO_ACCESS = {"hasAccess": False}


@pytest.fixture
def front(used: UsageHouse) -> Front:
    return Front(used)


def give(used: UsageHouse, feature: str, config: str | None = None, holder: Holder = ACME) -> str:
    """A boolean entitlement, or a static one."""
    used.add_feature(feature)
    kind = EntitlementType.BOOLEAN if config is None else EntitlementType.STATIC
    spec = EntitlementSpec(kind, feature_key=feature, config=config)
    return used.use.entitle(used.namespace, holder, spec).entitlement.id


def at(instant: datetime) -> str:
    return f"time={format_rfc3339(instant)}"


# values


def test_a_value_tells_what_is_left_and_of_which_grants(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    first, second = used.granted(10, priority=1), used.granted("0.5", priority=2)
    used.used(used.now + HOUR, 7.25)
    expected = {"hasAccess": True, "balance": Decimal("3.25"), "usage": Decimal("7.25"), "overage": 0}
    expected |= {"totalAvailableGrantAmount": Decimal("10.5")}
    assert front.get(V1) == expected
    balances = {"grantBalances": {first.id: Decimal("2.75"), second.id: Decimal("0.5")}}
    assert front.get(V2) == expected | balances
    assert front.get(f"/api/v2/customers/{used.customer.id}/entitlements/{entitlement.id}/value") == expected | balances


def test_reservations_stand_beside_what_they_leave(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.granted(10)
    hold(used, entitlement.id, 4)
    assert front.get(V2)["balance"] == 6
    assert front.get(V2)["reserved"] == 4
    assert "reserved" not in front.get(V1)


def test_a_used_up_hard_limit_gives_no_access_and_says_how_much_is_over(used: UsageHouse, front: Front) -> None:
    used.entitled()
    used.granted(10)
    used.used(used.now + HOUR, 12)
    answer = front.get(V2)
    assert (answer["hasAccess"], answer["balance"], answer["overage"]) == (False, 0, 2)


def test_a_static_value_has_its_config_and_a_boolean_one_nothing_more(used: UsageHouse, front: Front) -> None:
    give(used, "seats", '{"limit": 5}')
    give(used, "sso")
    assert front.get("/api/v2/customers/acme/entitlements/seats/value") == {"hasAccess": True, "config": '{"limit": 5}'}
    assert front.get("/api/v1/customers/acme/entitlements/sso/value") == {"hasAccess": True}


def test_outside_its_time_an_entitlement_gives_no_access_and_tells_nothing(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.granted(10)
    by_id = f"/api/v2/customers/acme/entitlements/{entitlement.id}/value"
    assert front.get(V2, at(used.begun - MINUTE)) == NO_ACCESS
    used.now = used.begun + 10 * DAY
    used.use.end(used.namespace, ACME, "tokens")
    assert front.get(by_id) == front.get(by_id, at(used.now)) == NO_ACCESS
    assert front.get(by_id, at(used.now - MINUTE))["balance"] == 10
    assert front.get(V2, at(used.now - MINUTE))["balance"] == 10
    assert front.refused(V2)[0] == 404
    assert front.get(V1) == NO_ACCESS


def test_a_value_of_the_past_is_what_it_was(used: UsageHouse, front: Front) -> None:
    used.entitled()
    used.granted(10)
    used.sink(used.call(used.now + HOUR, 4), used.call(used.now + DAY, 3))
    assert front.get(V2, at(used.now + 2 * HOUR))["balance"] == 6
    assert front.get(V2, at(used.now + 2 * DAY))["balance"] == 3


def test_without_an_entitlement_there_is_no_access_in_one_version_and_404_in_the_other(front: Front) -> None:
    assert front.get(V1) == NO_ACCESS
    assert front.refused(V2)[0] == 404
    assert front.refused(V1.replace("acme", "nobody"))[0] == 404
    assert front.refused(V2.replace("acme", "nobody"))[0] == 404


def test_a_value_of_years_to_come_is_told_and_one_of_decades_is_refused(used: UsageHouse, front: Front) -> None:
    used.entitled(cadence=Cadence.parse("P1D"))
    used.granted(10)
    assert front.get(V2, at(used.today + 9 * 365 * DAY))["balance"] == 10
    for far in (used.today + 11 * 365 * DAY, datetime.max.replace(tzinfo=UTC)):
        assert front.refused(V2, at(far)) == front.refused(V1, at(far)) == (400, {("query:time", "too_far_ahead")})


@pytest.mark.parametrize("query", ["time=yesterday", "time=2026-01-01", "failOpen=perhaps"])
def test_faulty_parameters_are_refused(used: UsageHouse, front: Front, query: str) -> None:
    used.entitled()
    status, faults = front.refused(V2, query)
    assert (status, len(faults)) == (400, 1)


def test_another_namespace_finds_nothing(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    elsewhere = {"namespace": f"{used.namespace}-b"}
    assert front.refused(V2, **elsewhere)[0] == 404
    assert (
        front.refused(f"/api/v2/customers/{used.customer.id}/entitlements/{entitlement.id}/value", **elsewhere)[0]
        == 404
    )
    status, answer = front.call("POST", QUERY, {"customer": {"keys": ["acme"]}}, **elsewhere)
    assert (status, answer["data"], len(answer["errors"])) == (200, [], 1)


def test_an_entitlement_is_its_own_customer_s_alone(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.add_customer("other")
    assert front.refused(f"/api/v2/customers/other/entitlements/{entitlement.id}/value")[0] == 404


# subjects


def test_a_subject_has_what_its_customer_has(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.granted(10)
    subject = Subject(new_id(), "app", used.now, used.now)
    with used.database.transaction(used.namespace) as transaction:
        PostgresSubjects(transaction).save(subject)
        transaction.commit()
    names = ["app", "acme", subject.id]
    values = [front.get(f"/api/v1/subjects/{name}/entitlements/tokens/value") for name in names]
    assert [value["balance"] for value in values] == [10, 10, 10]
    assert front.get(f"/api/v1/subjects/app/entitlements/{entitlement.id}/value") == values[0]
    assert front.refused("/api/v1/subjects/nobody/entitlements/tokens/value")[0] == 404
    assert front.refused("/api/v1/subjects/app/entitlements/nothing/value")[0] == 404


# all of a customer


def test_access_tells_all_that_is_active_now(used: UsageHouse, front: Front) -> None:
    used.entitled()
    used.granted(10)
    give(used, "seats", "{}")
    give(used, "sso")
    give(used, "gone")
    used.use.end(used.namespace, ACME, "gone")
    found = front.get("/api/v1/customers/acme/access")["entitlements"]
    assert sorted(found) == ["seats", "sso", "tokens"]
    assert found["tokens"]["balance"] == 10
    assert found["seats"] == {"hasAccess": True, "config": "{}"}
    assert front.refused("/api/v1/customers/nobody/access")[0] == 404


def test_the_third_version_lists_types_and_access(used: UsageHouse, front: Front) -> None:
    used.entitled()
    give(used, "seats", "{}")
    path = f"/api/v3/openmeter/customers/{used.customer.id}/entitlement-access"
    assert front.get(path) == {
        "data": [
            {"type": "static", "feature_key": "seats", "has_access": True, "config": "{}"},
            {"type": "metered", "feature_key": "tokens", "has_access": False},
        ]
    }
    assert front.refused(path.replace(used.customer.id, new_id()))[0] == 404
    assert front.refused(path.replace(used.customer.id, "acme"))[0] == 400


# many customers


def ask(front: Front, *names: str, features: list[str] | None = None, query: str = "") -> Any:
    body: dict[str, Any] = {"customer": {"keys": list(names)}}
    if features is not None:
        body["feature"] = {"keys": features}
    status, answer = front.call("POST", QUERY, body, query=query)
    assert status == 200, answer
    return answer


def test_many_are_asked_for_by_key_or_subject_and_told_by_which(used: UsageHouse, front: Front) -> None:
    other = used.add_customer(None, "lonely")
    used.entitled()
    used.granted(10)
    answer = ask(front, "app", "lonely", "nobody", "acme", "app")
    by_id = {one["customer"]["id"]: one for one in answer["data"]}
    assert by_id[used.customer.id]["matched"] == ["app", "acme"]
    assert by_id[used.customer.id]["features"] == {"tokens": {"has_access": True}}
    assert by_id[used.customer.id]["customer"]["usage_attribution"] == {"subject_keys": ["app"]}
    assert (by_id[other.id]["features"], by_id[other.id]["customer"]["key"]) == ({}, "lonely")
    [error] = answer["errors"]
    assert (error["code"], error["customer"]) == ("customer_not_found", "nobody")
    assert answer["meta"] == {"page": {"size": 100, "next": None, "previous": None}}


def test_no_access_has_its_reason(used: UsageHouse, front: Front) -> None:
    used.entitled()
    used.add_feature("sso")
    give(used, "seats", "{}")
    [one] = ask(front, "acme", features=["tokens", "sso", "seats", "nothing"])["data"]
    reasons = {key: access.get("reason", {}).get("code") for key, access in one["features"].items()}
    assert reasons == {
        "tokens": "usage_limit_reached",
        "sso": "feature_unavailable",
        "seats": None,
        "nothing": "feature_not_found",
    }
    assert [access["has_access"] for access in one["features"].values()] == [False, False, True, False]


def test_pages_follow_one_another_both_ways(used: UsageHouse, front: Front) -> None:
    names = [str(used.add_customer(f"c{number}").details.key) for number in range(5)]
    first = ask(front, *names, "nobody", query="page%5Bsize%5D=2")
    link = first["meta"]["page"]["next"]
    assert link.startswith(f"{QUERY}?page%5Bsize%5D=2&page%5Bafter%5D=")
    second = ask(front, *names, "nobody", query=link.partition("?")[2])
    third = ask(front, *names, query=second["meta"]["page"]["next"].partition("?")[2])
    back = ask(front, *names, query=third["meta"]["page"]["previous"].partition("?")[2])
    pages = [[one["customer"]["key"] for one in page["data"]] for page in (first, second, third)]
    assert pages == [["c0", "c1"], ["c2", "c3"], ["c4"]]
    assert back["data"] == [one | {"updated_at": back["data"][0]["updated_at"]} for one in second["data"]]
    assert [len(page["errors"]) for page in (first, second)] == [1, 0]
    assert third["meta"]["page"]["next"] is first["meta"]["page"]["previous"] is None


@pytest.mark.parametrize(
    ("body", "query", "field"),
    [
        ({}, "", "/customer"),
        ({"customer": {"keys": []}}, "", "/customer/keys"),
        ({"customer": {"keys": ["x"] * 101}}, "", "/customer/keys"),
        ({"customer": {"keys": ["x"]}, "feature": {"keys": []}}, "", "/feature/keys"),
        ({"customer": {"keys": ["x"]}, "feature": {"keys": ["f"] * 101}}, "", "/feature/keys"),
        ({"customer": {"keys": ["x"]}, "includeCredits": True}, "", "/includeCredits"),
        ({"customer": {"keys": ["x"]}}, "page[size]=0", "query:page[size]"),
        ({"customer": {"keys": ["x"]}}, "page[size]=101", "query:page[size]"),
        ({"customer": {"keys": ["x"]}}, "page[after]=somewhere", "query:page[after]"),
        ({"customer": {"keys": ["x"]}}, "page[number]=2", "query:page[number]"),
        ({"customer": {"keys": [1]}}, "", "/customer/keys/0"),
    ],
)
def test_a_faulty_query_of_many_is_refused_even_by_who_fails_open(
    front: Front, body: object, query: str, field: str
) -> None:
    status, problem = front.call("POST", QUERY, body, query=f"{query}&failOpen=true")
    assert status == 400
    assert [fault["field"] for fault in problem["extensions"]["validationErrors"]] == [field]


# stores that do not answer


PATHS = [V2, V1, "/api/v1/customers/acme/access", "/api/v1/subjects/app/entitlements/tokens/value"]


@pytest.fixture
def blind(front: Front, usage_store_settings: ClickHouseSettings) -> Front:
    return front.without_usage_store(usage_store_settings)


@pytest.fixture
def lost(front: Front, database_settings: PostgresSettings) -> Front:
    return front.without_database(database_settings)


@pytest.mark.parametrize("path", PATHS)
def test_no_access_is_given_when_a_store_does_not_answer(
    used: UsageHouse, blind: Front, lost: Front, path: str
) -> None:
    used.entitled(is_soft_limit=True)
    for silent in (blind, lost):
        answer = silent.answer("GET", path)
        assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "1")
        assert "hasAccess" not in answer["body"]


@pytest.mark.parametrize("path", PATHS)
def test_who_asks_to_fail_open_passes_and_is_told_so(used: UsageHouse, blind: Front, lost: Front, path: str) -> None:
    used.entitled()
    for silent in (blind, lost):
        answer = silent.answer("GET", path, query="failOpen=true")
        assert answer["statusCode"] == 200
        assert {name.lower(): value for name, value in answer["headers"].items()}["x-meterhouse-fail-open"] == "true"
    assert blind.get(V2, "failOpen=true") == lost.get(V2, "failOpen=true") == {"hasAccess": True}
    access = "/api/v1/customers/acme/access"
    assert blind.get(access, "failOpen=true") == {"entitlements": {"tokens": {"hasAccess": True}}}
    assert lost.get(access, "failOpen=true") == {"entitlements": {}}


def test_failing_open_opens_only_what_nobody_can_say(used: UsageHouse, front: Front, blind: Front) -> None:
    used.entitled()
    give(used, "seats", "{}")
    used.add_feature("sso")
    for silent in (front, blind):
        assert silent.get("/api/v1/customers/acme/entitlements/sso/value", "failOpen=true") == NO_ACCESS
        assert silent.get("/api/v1/customers/acme/entitlements/seats/value", "failOpen=true")["config"] == "{}"
        assert silent.get(V2, f"failOpen=true&{at(used.begun - DAY)}") == NO_ACCESS
        assert silent.refused(V2.replace("acme", "nobody"), "failOpen=true")[0] == 404
        assert silent.refused(V2, "failOpen=true&time=never")[0] == 400
    answer = front.answer("GET", V2, query="failOpen=true")
    assert "x-meterhouse-fail-open" not in {name.lower() for name in answer["headers"]}


def test_a_query_of_many_fails_open_for_what_was_asked_by_name(used: UsageHouse, blind: Front, lost: Front) -> None:
    used.entitled()
    body = {"customer": {"keys": ["app", "nobody"]}, "feature": {"keys": ["tokens", "sso"]}}
    for silent in (blind, lost):
        assert silent.call("POST", QUERY, body)[0] == 503
    seen, unseen = (
        ask(one, "app", "nobody", features=["tokens", "sso"], query="failOpen=true") for one in (blind, lost)
    )
    [acme] = seen["data"]
    assert {key: access["has_access"] for key, access in acme["features"].items()} == {"tokens": True, "sso": False}
    assert [error["customer"] for error in seen["errors"]] == ["nobody"]
    assert [one["matched"] for one in unseen["data"]] == [["app"], ["nobody"]]
    assert all(access["has_access"] for one in unseen["data"] for access in one["features"].values())
    assert [one["customer"] for one in unseen["data"]] == [{"key": "app"}, {"key": "nobody"}]


def test_a_customer_s_details_come_with_its_access(used: UsageHouse, front: Front) -> None:
    assert used.customer.details == CustomerDetails("Name", "acme", ("app",))
    [one] = ask(front, "acme")["data"]
    assert one["customer"] | {"id": used.customer.id, "name": "Name", "key": "acme"} == one["customer"]
    assert datetime.fromisoformat(one["updated_at"]) <= clock.now()
