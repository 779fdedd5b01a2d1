import pytest

from meterhouse.platform.postgres import Database
from tests.integration.catalog.given import Call, Clock

FEATURES = "/api/v1/features"
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
    assert call("POST", FEATURES, MILES)[0] == 201
    assert len(call("GET", FEATURES)[1]) == 1
    assert len(call("GET", FEATURES, query="includeArchived=true")[1]) == 2


def test_a_live_key_cannot_be_taken_twice(call: Call) -> None:
    call("POST", FEATURES, MILES)

    status, problem = call("POST", FEATURES, MILES)

    assert (status, problem["code"]) == (409, "feature_key_conflict")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"meterSlug": "km"}, "/meterSlug", "meter_not_found"),
        ({"meterGroupByFilters": {"a/b": "1"}}, "/advancedMeterGroupByFilters/a~1b", "unknown_group_by_key"),
        ({"meterSlug": None, "meterGroupByFilters": {"dest": "LAX"}}, "/meterSlug", "meter_required"),
        ({"key": "01hz0000000000000000000009"}, "/key", "key_looks_like_id"),
        ({"unitCost": {"type": "llm"}}, "/unitCost", "not_supported_yet"),
        ({"advancedMeterGroupByFilters": {"dest": {"$is": "LAX"}}}, None, "extra_forbidden"),
    ],
)
def test_a_faulty_feature_is_refused_at_its_fault(call: Call, changes: object, field: str | None, code: str) -> None:
    assert isinstance(changes, dict)

    status, problem = call("POST", FEATURES, MILES | changes)

    (fault,) = problem["extensions"]["validationErrors"]
    assert (status, fault["code"]) == (400, code)
    assert fault["field"] == field or field is None


def test_lists_are_plain_or_paged_and_ordered(call: Call) -> None:
    for key in ("c", "a", "b"):
        call("POST", FEATURES, {"key": key, "name": key, "meterSlug": "miles" if key == "a" else "departures"})

    def keys(query: str) -> list[str]:
        _, body = call("GET", FEATURES, query=query)
        return [item["key"] for item in (body if isinstance(body, list) else body["items"])]

    assert keys("orderBy=key") == ["a", "b", "c"]
    assert keys("orderBy=key&order=DESC&limit=2&offset=1") == ["b", "a"]
    assert keys("orderBy=name&page=2&pageSize=2") == ["c"]
    assert keys("meterSlug=miles&meterSlug=other") == ["a"]
    assert call("GET", FEATURES, query="page=1&pageSize=1")[1]["totalCount"] == 3


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
