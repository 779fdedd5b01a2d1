"""API keys from making to revoking, over HTTP and at the authorizer's door."""

from typing import Any

import pytest

from meterhouse.platform.access import roles
from meterhouse.platform.postgres import Database
from tests.integration.platform.key_house import PATH, KeyHouse
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request


@pytest.fixture
def house(database: Database, namespace: str) -> KeyHouse:
    return KeyHouse(database, namespace)


def test_a_key_opens_its_namespace_with_the_scopes_of_its_role_and_its_text_is_told_once(house: KeyHouse) -> None:
    made = house.make()
    credential = house.door(made["key"])

    assert credential is not None
    assert (credential.namespace, credential.key_id) == (house.namespace, made["id"])
    assert credential.scopes == roles()["developer"] == set(made["scopes"])
    assert made["key"].startswith(made["keyPrefix"])
    assert len(made["keyPrefix"]) == len("mh_") + 8
    status, shown = house.ask("GET", f"/{made['id']}")
    assert (status, "key" in shown) == (200, False)
    assert house.ask("GET")[1]["items"] == [shown | {"lastUsedAt": "2026-03-01T00:00:00Z"}]


def test_scopes_may_be_given_one_by_one(house: KeyHouse) -> None:
    made = house.make(role=None, scopes=["events:write", "usage:read"])
    credential = house.door(made["key"])

    assert credential is not None
    assert credential.context()["scopes"] == "events:write usage:read"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"name": "x"}, [("/role", "role_or_scopes")]),
        ({"name": "x", "role": "owner", "scopes": ["usage:read"]}, [("/role", "role_or_scopes")]),
        ({"name": "", "role": "king"}, [("/name", "string_too_short"), ("/role", "literal_error")]),
        (
            {"name": "x", "scopes": ["usage:read", "usage:burn", "*", "portal"], "expiresAt": "2026-02-28T00:00:00Z"},
            [*((f"/scopes/{n}", "unknown_scope") for n in (1, 2, 3)), ("/expiresAt", "past")],
        ),
        ({"name": "x", "scopes": []}, [("/scopes", "too_short")]),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_every_fault(
    house: KeyHouse, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    status, problem = house.ask("POST", body=body)
    assert (status, faults_of(problem)) == (400, faults)


def test_a_key_that_expires_opens_nothing_from_that_instant_on(house: KeyHouse) -> None:
    made = house.make(expiresAt="2026-03-01T01:00:00Z")
    house.later(minutes=59, seconds=59)
    credential = house.door(made["key"])
    assert credential is not None
    # the gateway remembers what it was told, and every function looks at it again
    assert credential.context()["expiresAt"] == "2026-03-01T01:00:00Z"
    house.later(seconds=1)
    assert house.door(made["key"]) is None
    assert house.ask("GET", f"/{made['id']}")[1]["active"] is False
    assert house.ask("POST", f"/{made['id']}/rotate", {})[1]["code"] == "api_key_over"


def test_a_rotated_key_opens_by_both_texts_until_the_overlap_is_over(house: KeyHouse) -> None:
    old = house.make()
    status, new = house.ask("POST", f"/{old['id']}/rotate", {"overlapSeconds": 600})
    assert (status, new["id"], new["key"] != old["key"]) == (200, old["id"], True)
    before, after = house.door(old["key"]), house.door(new["key"])
    assert before is not None
    assert after is not None
    assert (before.key_id, before.scopes) == (after.key_id, after.scopes)
    assert (before.context()["expiresAt"], after.expires_at) == ("2026-03-01T00:10:00Z", None)
    house.later(seconds=600)
    assert house.door(old["key"]) is None
    assert house.door(new["key"]) is not None


def test_a_second_rotation_lengthens_no_overlap_and_none_at_all_ends_it_at_once(house: KeyHouse) -> None:
    first = house.make()
    second = house.ask("POST", f"/{first['id']}/rotate", {"overlapSeconds": 60})[1]
    third = house.ask("POST", f"/{first['id']}/rotate", {"overlapSeconds": 3600})[1]
    house.later(seconds=60)
    assert [house.door(one["key"]) is None for one in (first, second, third)] == [True, False, False]
    fourth = house.ask("POST", f"/{first['id']}/rotate", {"overlapSeconds": 0})[1]
    assert [house.door(one["key"]) is None for one in (first, second, third, fourth)] == [True, True, True, False]
    assert house.ask("POST", f"/{first['id']}/rotate", {"overlapSeconds": 31 * 86400})[0] == 400


def test_a_revoked_key_opens_nothing_by_any_text_and_revoking_it_again_changes_nothing(house: KeyHouse) -> None:
    old = house.make()
    new = house.ask("POST", f"/{old['id']}/rotate", {})[1]
    assert house.ask("DELETE", f"/{old['id']}") == (204, None)
    assert house.door(old["key"]) is house.door(new["key"]) is None
    house.later(hours=1)
    assert house.ask("DELETE", f"/{old['id']}") == (204, None)
    assert house.ask("GET")[1]["items"] == []
    (shown,) = house.ask("GET", query="includeRevoked=true")[1]["items"]
    assert (shown["revokedAt"], shown["active"]) == ("2026-03-01T00:00:00Z", False)


def test_nobody_makes_or_learns_a_key_that_can_do_more_than_they(house: KeyHouse) -> None:
    owners = house.make(role="owner")
    house.holder = "keys:write keys:read usage:read"
    assert house.ask("POST", body={"name": "x", "scopes": ["usage:read"]})[0] == 201
    for status, problem in (
        house.ask("POST", body={"name": "x", "role": "owner"}),
        house.ask("POST", body={"name": "x", "scopes": ["usage:read", "billing:write"]}),
        house.ask("POST", f"/{owners['id']}/rotate", {}),
    ):
        assert (status, problem["code"]) == (403, "beyond_own_scopes")
    assert house.ask("DELETE", f"/{owners['id']}")[0] == 204, "who sees a leak may close it"


def test_when_a_key_was_used_is_written_once_a_minute(house: KeyHouse) -> None:
    made = house.make()

    def noted() -> object:
        house.door(made["key"])
        return house.ask("GET", f"/{made['id']}")[1].get("lastUsedAt")

    assert noted() == "2026-03-01T00:00:00Z"
    house.later(seconds=59)
    assert noted() == "2026-03-01T00:00:00Z"
    house.later(seconds=1)
    assert noted() == "2026-03-01T00:01:00Z"


def test_a_repeat_with_its_idempotency_key_makes_no_second_key_and_tells_no_secret(house: KeyHouse) -> None:
    body = {"name": "ci", "role": "owner"}
    first, again = (house.ask("POST", body=body, idempotency_key="once")[1] for _ in range(2))
    assert first["key"]
    assert again == {name: value for name, value in first.items() if name != "key"}


def test_keys_of_another_namespace_are_not_there(house: KeyHouse, database: Database, other_namespace: str) -> None:
    made, other = house.make(), KeyHouse(database, other_namespace)
    assert other.ask("GET")[1]["items"] == []
    for method, path in (("GET", ""), ("POST", "/rotate"), ("DELETE", "")):
        assert other.ask(method, f"/{made['id']}{path}", {} if path else None)[0] == 404
    assert house.door(made["key"]) is not None


@pytest.mark.parametrize("path", ["{id}/rotate", "{id}/quota", "../api-keys", "{id}/", "{ID}", "%2e%2e", "{apiKeyId}"])
def test_a_parameter_never_becomes_another_route_and_no_header_another_namespace(
    database: Database, namespace: str, other_namespace: str, path: str
) -> None:
    keys = KeyHouse(database, namespace)
    made = keys.make()
    named = path.replace("{id}", made["id"]).replace("{ID}", made["id"].lower())
    headers = {"x-namespace": other_namespace, "x-meterhouse-namespace": other_namespace}
    event = request("GET", f"{PATH}/{named}", headers=headers, namespace=namespace)
    event |= {"routeKey": f"GET {PATH}/{{apiKeyId}}", "pathParameters": {"apiKeyId": named}}

    assert keys.handler(event, CONTEXT)["statusCode"] == 404

    event["pathParameters"] = {"apiKeyId": made["id"]}
    assert keys.handler(event, CONTEXT)["statusCode"] == 200, "what the gateway matched counts, not the path"
    event["requestContext"]["authorizer"]["lambda"]["namespace"] = other_namespace
    assert keys.handler({**event, "headers": {"x-namespace": namespace}}, CONTEXT)["statusCode"] == 404
