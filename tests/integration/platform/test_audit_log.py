"""Who changed what: written by the database in the transaction of the change, whatever use case it is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from functions.issue_api_key import handler as issuer
from meterhouse.platform import clock
from meterhouse.platform.acting import Actor, acting
from meterhouse.platform.audit_api import audit_routes
from meterhouse.platform.audit_log import AuditLog
from meterhouse.platform.audit_retention import ForgetAudit, years_before
from meterhouse.platform.http import http_handler
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_read import glances
from tests.integration.platform.aws_double import AwsDouble
from tests.integration.platform.key_house import KeyHouse
from tests.unit.platform.requests import CONTEXT, request

ANN = Actor("person:ann", "POST /api/v1/things", "request-7")
UNAUDITED = {
    "audit_log": "it is the log",
    "outbox": "what follows from changes",
    "idempotency_keys": "answers, kept for repeats",
    "balance_snapshots": "a cache, which reads fill",
    "reservations": "usage on its way",
    "erased_names": "made of the erasure beside it",
}


@pytest.fixture
def house(database: Database, namespace: str) -> KeyHouse:
    return KeyHouse(database, namespace)


def logged(database: Database, namespace: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page(database, namespace, query)[1]["items"]
    return found


def page(database: Database, namespace: str, query: str = "") -> tuple[int, Any]:
    handler = http_handler(audit_routes(glances(database, AuditLog)))
    answer = handler(request("GET", "/api/v1/audit-log", query=query, namespace=namespace), CONTEXT)
    return int(answer["statusCode"]), json.loads(answer["body"])


def test_a_change_over_the_api_is_written_with_who_by_which_request_and_digests_of_the_rows(house: KeyHouse) -> None:
    made = house.make()
    house.ask("DELETE", f"/{made['id']}")
    revoked, secret, created = logged(house.database, house.namespace)

    assert (created["objectKind"], created["objectId"], created["action"]) == ("api_keys", made["id"], "created")
    assert ("beforeDigest" in created, len(created["afterDigest"])) == (False, 64)
    assert (created["actor"], created["requestId"]) == ("key:key-1", "request-1")
    assert (created["route"], revoked["route"]) == ("POST /api/v1/api-keys", "DELETE /api/v1/api-keys/{apiKeyId}")
    assert secret["objectKind"] == "api_key_secrets"
    assert (revoked["action"], revoked["beforeDigest"]) == ("changed", created["afterDigest"])
    with house.database.transaction(house.namespace) as transaction:
        row = transaction.fetch_one(
            "SELECT encode(sha256(convert_to(to_jsonb(k)::text, 'UTF8')), 'hex') AS digest FROM api_keys AS k"
        )
    assert row == {"digest": revoked["afterDigest"]}, "whoever has the row may prove what it was"


def test_what_is_given_up_repeated_asked_or_done_by_a_job_leaves_no_line(house: KeyHouse) -> None:
    body = {"name": "ci", "role": "owner"}
    for _ in range(2):
        house.ask("POST", body=body, idempotency_key="once")
    before = logged(house.database, house.namespace)
    assert len(before) == 2
    made = house.ask("GET")[1]["items"][0]
    house.door(house.make()["key"])  # notes its use
    assert {one["objectKind"] for one in logged(house.database, house.namespace)} == {"api_keys", "api_key_secrets"}
    count = len(logged(house.database, house.namespace))
    rename = "UPDATE api_keys SET name = %(name)s WHERE namespace = %(namespace)s AND id = %(id)s"
    with acting(ANN), house.database.transaction(house.namespace) as transaction:
        transaction.execute(rename, {"id": made["id"], "name": "lost"})
    with acting(ANN), house.database.transaction(house.namespace) as transaction:
        assert transaction.execute(rename, {"id": made["id"], "name": "ci"}) == 1
        transaction.commit()
    with house.database.transaction(house.namespace) as transaction:
        transaction.execute(rename, {"id": made["id"], "name": "by a job"})
        transaction.commit()
    assert len(logged(house.database, house.namespace)) == count


def test_an_operators_changes_are_the_operators(deployment: AwsDouble, database: Database, namespace: str) -> None:
    assert deployment
    issuer.handler({"namespace": namespace, "name": "ci"}, CONTEXT)
    assert {(one["actor"], one["requestId"]) for one in logged(database, namespace)} == {("operator", "invocation-1")}


def test_lines_are_found_by_actor_object_request_and_time_and_paged(house: KeyHouse, other_namespace: str) -> None:
    database, namespace = house.database, house.namespace
    ids = [house.make()["id"] for _ in range(3)]
    with acting(ANN), database.transaction(namespace) as transaction:
        transaction.execute("DELETE FROM api_key_secrets WHERE key_id = %(id)s", {"id": ids[0]})
        transaction.commit()
    every = logged(database, namespace)
    assert [one["objectId"] for one in logged(database, namespace, "objectKind=api_keys")] == ids[::-1]
    assert len(logged(database, namespace, f"objectId={ids[1]}")) == 1
    (deleted,) = logged(database, namespace, "actor=person:ann")
    assert (deleted["action"], "afterDigest" in deleted, deleted["requestId"]) == ("deleted", False, "request-7")
    assert logged(database, namespace, "requestId=request-7") == [deleted]
    assert logged(database, namespace, f"from={every[2]['recordedAt']}&to={every[0]['recordedAt']}") == every[1:3]
    walked, following = [], [""]
    for cursor in following:
        answer = page(database, namespace, f"limit=2{cursor}")[1]
        walked += answer["items"]
        following += [f"&cursor={answer['nextCursor']}"] if "nextCursor" in answer else []
    assert walked == every
    assert len(every) == 7
    assert logged(database, other_namespace) == []
    assert page(database, namespace, "cursor=bad")[0] == 400


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_log SELECT * FROM audit_log",
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE api_keys DISABLE TRIGGER audited",
        "SELECT write_audit()",
    ],
)
def test_the_application_may_read_the_log_and_nothing_else(database: Database, namespace: str, statement: str) -> None:
    with database.transaction(namespace) as transaction, pytest.raises(psycopg.Error):
        transaction.execute(statement)


def test_a_line_cannot_be_written_into_another_namespace(database: Database, namespace: str) -> None:
    with acting(ANN):
        add_namespace(database, f"{namespace}-b")
    (line,) = logged(database, f"{namespace}-b")
    assert (line["objectKind"], line["objectId"]) == ("namespaces", f"{namespace}-b")
    assert logged(database, namespace) == []


AUDITED = """
SELECT relname AS name, encode(tgargs, 'escape') AS arguments, (
    SELECT string_agg(attname || '\\000', '' ORDER BY place)
    FROM pg_index CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (number, place)
    JOIN pg_attribute ON attrelid = indrelid AND attnum = number
    WHERE indrelid = pg_class.oid AND indisprimary AND (attname <> 'namespace' OR array_length(indkey, 1) = 1)
) AS key
FROM pg_class LEFT JOIN pg_trigger ON tgrelid = pg_class.oid AND tgname = 'audited' AND tgenabled = 'O'
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'migrations'
"""


def test_every_table_of_every_room_is_audited_by_its_key_but_for_those_that_say_why(unguarded: Database) -> None:
    with unguarded.transaction("") as transaction:
        tables = transaction.fetch_all(AUDITED)
    assert {one["name"] for one in tables if one["arguments"] is None} == set(UNAUDITED)
    assert [one["name"] for one in tables if one["arguments"] not in (None, one["key"])] == []


def test_lines_are_kept_for_their_years_and_go_in_no_other_way(
    house: KeyHouse, other_namespace: str, unguarded: Database, database: Database
) -> None:
    add_namespace(database, other_namespace)
    with unguarded.transaction(house.namespace) as transaction:
        for namespace in (house.namespace, other_namespace):
            for recorded_at in ("2019-03-01T11:59:59Z", "2019-03-01T12:00:00Z"):
                transaction.execute(
                    "INSERT INTO audit_log"
                    " (namespace, recorded_at, actor, route, request_id, object_kind, object_id, action)"
                    " VALUES (%(of)s, %(at)s::text::timestamptz,"
                    " 'ann', 'POST /x', 'r', 'things', %(at)s::text, 'created')",
                    {"of": namespace, "at": recorded_at},
                )
        transaction.commit()
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert ForgetAudit(database, lambda: noon, lambda: 8)() == 0
    assert ForgetAudit(database, lambda: noon)() == 2, "one in each namespace"
    assert ForgetAudit(database, lambda: noon)() == 0
    for namespace in (house.namespace, other_namespace):
        assert [line["objectId"] for line in logged(database, namespace)] == ["2019-03-01T12:00:00Z"]
    ahead = clock.now() + timedelta(minutes=1)
    assert ForgetAudit(database, lambda: ahead, lambda: 1)() == 2, "whose clock is ahead of the database's"
    with pytest.raises(psycopg.Error, match="a year at least"):
        ForgetAudit(database, clock.now, lambda: 0)()


@pytest.mark.parametrize(
    ("day", "before"), [("2028-02-29", "2021-02-28"), ("2026-03-01", "2019-03-01"), ("2027-12-31", "2020-12-31")]
)
def test_a_line_never_goes_a_day_early(day: str, before: str) -> None:
    assert years_before(datetime.fromisoformat(day), 7) == datetime.fromisoformat(before)
