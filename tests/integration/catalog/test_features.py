import pytest

from meterhouse.platform.postgres import Database
from tests.integration.catalog.given import Call, Clock

FEATURES = "/api/v1/features"
TOKENS = {"key": "tokens", "name": "Tokens", "meterSlug": "tokens"}
MILES = {"key": "miles", "name": "Miles flown", "meterSlug": "miles", "metadata": {"unit": "mi"}}


def test_a_feature_is_created_and_found_by_id_and_by_key(call: Call) -> None:
    body = MILES | {"advancedMeterGroupByFilters": {"dest": {"$in": ["LAX"]}}}

    status, created = call("POST", FEATURES, body)

    assert status == 201
    assert {name: created[name] for name in body} == body
    assert created["createdAt"] == created["updatedAt"] == "2013-01-01T00:00:00Z"
    assert call("GET", f"{FEATURES}/{created['id']}") == (200, created)
    assert call("GET", f"{FEATURES}/miles") == (200, created)


def test_an_archived_feature_frees_its_key_and_stays_found_by_id(call: Call, clock: Clock) -> None:
    _, first = call("POST", FEATURES, MILES)
    clock.pass_day()

    assert call("DELETE", f"{FEATURES}/{first['id']}") == (204, None)
    assert call("DELETE", f"{FEATURES}/{first['id']}") == (204, None)

    assert call("GET", f"{FEATURES}/{first['id']}")[1]["archivedAt"] == "2013-01-02T00:00:00Z"
    assert call("GET", f"{FEATURES}/miles")[0] == 404
    status, heir = call("POST", FEATURES, MILES)
    assert (status, heir["id"] != first["id"]) == (201, True)
    assert call("GET", f"{FEATURES}/miles") == (200, heir)
    assert call("DELETE", f"{FEATURES}/{first['id']}") == (204, None)
    assert call("GET", f"{FEATURES}/miles") == (200, heir)
    assert len(call("GET", FEATURES)[1]) == 1
    assert len(call("GET", FEATURES, query="includeArchived=true")[1]) == 2


def test_a_live_key_cannot_be_taken_twice(call: Call) -> None:
    call("POST", FEATURES, MILES)

    status, problem = call("POST", FEATURES, MILES)

    assert (status, problem["code"]) == (409, "feature_key_conflict")


LLM = {"type": "llm", "provider": "openai", "model": "gpt-4", "tokenType": "input"}


@pytest.mark.parametrize(
    "cost",
    [
        {"type": "manual", "amount": "0.000400"},
        LLM,
        {"type": "llm", "providerProperty": "vendor", "modelProperty": "model", "tokenTypeProperty": "kind"},
    ],
)
def test_a_unit_cost_is_kept_as_sent(call: Call, cost: object) -> None:
    status, created = call("POST", FEATURES, TOKENS | {"unitCost": cost})

    assert (status, created["unitCost"]) == (201, cost)
    assert call("GET", f"{FEATURES}/tokens") == (200, created)
    assert call("GET", FEATURES) == (200, [created])


def test_what_costs_the_same_whatever_is_used_needs_no_meter(call: Call) -> None:
    for number, cost in enumerate([{"type": "manual", "amount": "1"}, LLM]):
        assert call("POST", FEATURES, {"key": f"seats_{number}", "name": "Seats", "unitCost": cost})[0] == 201


def test_lists_are_plain_or_paged_and_ordered(call: Call, clock: Clock) -> None:
    for key in ("c", "a", "b"):
        call("POST", FEATURES, {"key": key, "name": key, "meterSlug": "miles" if key == "a" else "departures"})
        clock.pass_day()
    call("POST", FEATURES, {"key": "gone", "name": "gone", "meterSlug": "miles"})
    clock.pass_day()
    call("DELETE", f"{FEATURES}/gone")

    def keys(query: str) -> list[str]:
        status, body = call("GET", FEATURES, query=query)
        assert status == 200
        return [item["key"] for item in (body if isinstance(body, list) else body["items"])]

    assert keys("") == keys("orderBy=createdAt&order=ASC") == ["c", "a", "b"]
    assert keys("orderBy=key") == keys("orderBy=name") == ["a", "b", "c"]
    assert keys("orderBy=id&order=DESC") == keys("orderBy=createdAt&order=DESC") == ["b", "a", "c"]
    assert keys("orderBy=key&order=DESC&limit=2&offset=1") == ["b", "a"]
    assert keys("orderBy=name&page=2&pageSize=2") == ["c"]
    assert keys("page=9") == keys("offset=9") == []
    assert keys("meterSlug=miles&meterSlug=other") == ["a"]
    assert keys("meterSlug=miles&includeArchived=true&orderBy=updatedAt&order=DESC") == ["gone", "a"]


def test_a_page_tells_how_many_there_are_and_a_plain_list_is_an_array(call: Call) -> None:
    for key in ("a", "b", "c"):
        call("POST", FEATURES, {"key": key, "name": key})

    _, paged = call("GET", FEATURES, query="pageSize=2")
    _, plain = call("GET", FEATURES, query="limit=2")

    assert {name: paged[name] for name in ("totalCount", "page", "pageSize")} == {
        "totalCount": 3,
        "page": 1,
        "pageSize": 2,
    }
    assert plain == paged["items"]


def test_another_namespace_sees_nothing_of_it(call: Call) -> None:
    _, created = call("POST", FEATURES, MILES)

    assert call("GET", f"{FEATURES}/{created['id']}", namespace="other")[0] == 404
    assert call("DELETE", f"{FEATURES}/miles", namespace="other")[0] == 404
    assert call("GET", FEATURES, namespace="other") == (200, [])


def test_every_change_leaves_a_domain_event(call: Call, database: Database, namespace: str) -> None:
    _, created = call("POST", FEATURES, MILES)
    call("DELETE", f"{FEATURES}/miles")

    with database.transaction(namespace) as transaction:
        events = transaction.fetch_all(
            "SELECT type, subject, data FROM outbox WHERE namespace = %(namespace)s ORDER BY recorded_at, id"
        )

    assert [event["type"] for event in events] == ["feature.created", "feature.archived"]
    assert {event["subject"] for event in events} == {f"feature/{created['id']}"}
