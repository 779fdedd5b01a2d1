"""`Idempotency-Key` on a real PostgreSQL: one change however often and however concurrently it is asked for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import InvalidInput, Unprocessable
from meterhouse.platform import clock
from meterhouse.platform.idempotency import Replay, replayed
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database, PostgresSettings


def replay(namespace: str, key: str = "once", body: str = "{}") -> Replay:
    return Replay(namespace, key, {"rawPath": "/things", "rawQueryString": "", "body": body})


class Route:
    """A route that writes one event for each time it runs."""

    def __init__(self, database: Database, namespace: str, status: int = 201) -> None:
        self._database, self._namespace, self._status = database, namespace, status
        self.runs = 0

    def __call__(self) -> dict[str, Any]:
        self.runs += 1
        with self._database.transaction(self._namespace) as transaction:
            row = transaction.fetch_one("SELECT count(*) FROM outbox")
            assert row is not None
            transaction.publish(DomainEvent(f"run-{row['count']}", "t", "s", clock.now(), {}))
            transaction.commit()
        headers = {"Content-Type": "application/json"}
        return {"statusCode": self._status, "headers": headers, "body": f'{{"run": {self.runs}}}'}


def changes(database: Database, namespace: str) -> int:
    with database.transaction(namespace) as transaction:
        row = transaction.fetch_one("SELECT count(*) FROM outbox")
    assert row is not None
    return int(row["count"])


def test_the_first_answer_comes_again_and_nothing_changes_again(database: Database, namespace: str) -> None:
    route = Route(database, namespace)
    first = replayed(database, replay(namespace), route)
    again = replayed(database, replay(namespace), route)
    assert (route.runs, changes(database, namespace)) == (1, 1)
    assert (again["statusCode"], again["body"]) == (first["statusCode"], first["body"])
    assert again["headers"] == {"content-type": "application/json", "idempotent-replayed": "true"}


def test_the_key_with_another_body_is_refused(database: Database, namespace: str) -> None:
    route = Route(database, namespace)
    replayed(database, replay(namespace), route)
    with pytest.raises(Unprocessable):
        replayed(database, replay(namespace, body='{"other": 1}'), route)
    assert changes(database, namespace) == 1


def test_another_namespace_may_use_the_same_key(database: Database, namespace: str) -> None:
    for name in (namespace, f"{namespace}-b"):
        replayed(database, replay(name), Route(database, name))
        assert changes(database, name) == 1


@pytest.mark.parametrize("status", [400, 409, 500, 503])
def test_a_failure_changes_nothing_and_may_be_tried_again(database: Database, namespace: str, status: int) -> None:
    assert replayed(database, replay(namespace), Route(database, namespace, status))["statusCode"] == status
    assert changes(database, namespace) == 0
    assert replayed(database, replay(namespace), Route(database, namespace))["statusCode"] == 201
    assert changes(database, namespace) == 1


def test_a_crash_before_the_end_leaves_neither_the_change_nor_the_key(database: Database, namespace: str) -> None:
    route = Route(database, namespace)

    def crash() -> dict[str, Any]:
        route()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replayed(database, replay(namespace), crash)
    assert changes(database, namespace) == 0
    assert replayed(database, replay(namespace), route)["statusCode"] == 201


def test_of_concurrent_requests_with_one_key_one_works_and_the_others_get_its_answer(
    database_settings: PostgresSettings, namespace: str
) -> None:
    def ask(_: int) -> tuple[int, str]:
        database = Database(lambda: database_settings)
        route = Route(database, namespace)
        answer = replayed(database, replay(namespace), route)
        database.close()
        return route.runs, answer["body"]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sum(runs for runs, _ in answers) == 1
    assert {body for _, body in answers} == {'{"run": 1}'}


def test_a_key_that_is_too_long_is_refused(database: Database, namespace: str) -> None:
    with pytest.raises(InvalidInput):
        replayed(database, replay(namespace, key="x" * 256), Route(database, namespace))


def test_old_keys_are_forgotten_a_few_with_every_new_one(database: Database, namespace: str) -> None:
    keys = [f"key-{number:02}" for number in range(12)]
    for key in (*keys, "recent"):
        replayed(database, replay(namespace, key), Route(database, namespace))
    with database.transaction(namespace) as transaction:
        transaction.execute(
            "UPDATE idempotency_keys SET created_at = %(at)s WHERE namespace = %(namespace)s AND key = ANY(%(keys)s)",
            {"keys": keys, "at": clock.now() - timedelta(days=31)},
        )
        transaction.commit()
    replayed(database, replay(namespace, "new-1"), Route(database, namespace, 400))
    assert len(kept(database, namespace)) == 13
    replayed(database, replay(namespace, "new-2"), Route(database, namespace))
    assert len(kept(database, namespace)) == 4
    replayed(database, replay(namespace, "new-3"), Route(database, namespace))
    assert kept(database, namespace) == ["new-2", "new-3", "recent"]


def kept(database: Database, namespace: str) -> list[str]:
    with database.transaction(namespace) as transaction:
        query = "SELECT key FROM idempotency_keys WHERE namespace = %(namespace)s ORDER BY key"
        return [row["key"] for row in transaction.fetch_all(query)]
