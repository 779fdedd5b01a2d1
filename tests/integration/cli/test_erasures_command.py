"""`meterhouse subjects erase` and `erasures` against the product's own routes."""

import pytest

from meterhouse.customers.erasure_api import erasure_routes
from meterhouse.customers.erasures import Erasures
from meterhouse.customers.postgres_erasures import PostgresErasures
from meterhouse.platform.access import missing_scope, roles
from meterhouse.platform.audit_log import AuditFilter, AuditLog
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_read import glances
from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import Answer, Asked, House
from tests.unit.platform.requests import CONTEXT, matched, request

ROUTE = "/api/v1/subject-erasures"


@pytest.fixture
def routes(house: House, database: Database, namespace: str) -> None:
    handler = http_handler(erasure_routes(Erasures(begins(database, PostgresErasures))), database=database)

    def answer(asked: Asked) -> Answer:
        event = request(
            asked.method,
            asked.path,
            asked.json if asked.body else None,
            namespace=namespace,
            **matched(asked.method, asked.path),
        )
        answered = handler(event, CONTEXT)
        return int(answered["statusCode"]), {"content-type": "application/json"}, str(answered["body"])

    house.before = answer


@pytest.mark.usefixtures("routes")
def test_an_erasure_is_asked_for_once_and_told_of_without_the_name(
    terminal: Terminal, database: Database, namespace: str
) -> None:
    asked = terminal.reads("subjects", "erase", "alice", "--confirm", "alice")
    assert (asked["status"], asked["pseudonym"]) == ("waiting", f"erased-{asked['id'].lower()}")
    assert terminal.reads("subjects", "erase", "alice", "--confirm", "alice") == asked
    other = terminal.reads("subjects", "erase", "bob", "--confirm", "bob")
    listed = terminal.types("subjects", "erasures").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [other["id"], asked["id"]]
    assert "alice" not in listed
    assert terminal.house.documents == {}
    entries, _ = AuditLog(glances(database, lambda reads: reads)(namespace)).page(AuditFilter(), None, 9)
    assert [(one.object_kind, one.action, one.object_id) for one in entries] == [
        ("subject_erasures", "created", other["id"]),
        ("subject_erasures", "created", asked["id"]),
    ]


@pytest.mark.usefixtures("routes")
def test_it_takes_the_key_twice_and_an_owner(terminal: Terminal) -> None:
    refused = terminal.types("subjects", "erase", "alice", "--confirm", "alcie", status=1)
    assert "/confirm" in refused.stderr
    assert terminal.reads("subjects", "erasures") == []
    may = {role: missing_scope(f"POST {ROUTE}", granted) is None for role, granted in roles().items()}
    assert may == {"owner": True, "finance": False, "developer": False, "read-only": False}
