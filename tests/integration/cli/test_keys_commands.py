"""`meterhouse keys` against the product's own routes."""

from urllib.parse import urlencode

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import Answer, Asked, House
from tests.integration.platform.key_house import PATH, KeyHouse


@pytest.fixture
def keys(house: House, database: Database, namespace: str) -> KeyHouse:
    opened = KeyHouse(database, namespace)

    def answer(asked: Asked) -> Answer:
        body, query = asked.json if asked.body else None, urlencode(asked.query, doseq=True)
        answered = opened.answer(asked.method, asked.path.removeprefix(PATH), body, query=query)
        return int(answered["statusCode"]), {"content-type": "application/json"}, str(answered["body"])

    house.before = answer
    return opened


def test_a_key_is_made_listed_rotated_and_revoked(terminal: Terminal, keys: KeyHouse) -> None:
    made = terminal.reads("keys", "create", "ci", "--scope", "events:write", "--scope", "usage:read")
    assert made["scopes"] == ["events:write", "usage:read"]
    told = terminal.types("keys", "list").stdout.splitlines()[1]
    assert (made["keyPrefix"] in told, made["key"] in told, "events:write usage:read" in told) == (True, False, True)
    rotated = terminal.reads("keys", "rotate", made["id"], "--overlap", "0")
    assert keys.door(made["key"]) is None
    assert keys.door(rotated["key"]) is not None
    terminal.types("keys", "revoke", made["id"])
    assert keys.door(rotated["key"]) is None
    assert terminal.reads("keys", "list") == []
    assert len(terminal.reads("keys", "list", "--all")) == 1


def test_a_key_that_cannot_be_is_refused_with_its_reasons(terminal: Terminal, keys: KeyHouse) -> None:
    assert "known are apps:read" in terminal.types("keys", "create", "ci", "--scope", "usage:burn", status=1).stderr
    keys.holder = "keys:read"
    assert "keys:write" in terminal.types("keys", "create", "ci", "--role", "owner", status=1).stderr


def test_what_was_changed_is_shown_with_who_changed_it(terminal: Terminal, house: House) -> None:
    line = {
        "id": "1",
        "recordedAt": "2026-03-01T00:00:00Z",
        "actor": "key:1",
        "action": "created",
        "objectKind": "meters",
        "objectId": "01A",
        "route": "POST /api/v1/meters",
        "requestId": "r-1",
        "afterDigest": "ab",
    }
    house.documents["GET", "/api/v1/audit-log"] = {"items": [line], "nextCursor": "next"}

    assert len(terminal.reads("audit", "--actor", "key:1", "--from", "2026-03-01", "--limit", "2")) == 2
    assert [asked.query.get("cursor") for asked in house.asked] == [None, ["next"]]
    assert (house.asked[0].query["actor"], house.asked[0].query["from"]) == (["key:1"], ["2026-03-01T00:00:00Z"])
    assert "POST /api/v1/meters" in terminal.types("audit", "--limit", "1").stdout
