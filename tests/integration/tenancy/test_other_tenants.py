"""A namespace reads and changes nothing of another, with either guard taken away, one at a time."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

from meterhouse.platform.postgres import APPLICATION_ROLE, Database
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.tenancy.belongings import furnish
from tests.integration.tenancy.house import ROUTES, House
from tests.integration.tenancy.matrix import LEFT_OUT, Asked, asked

Guard = Callable[[Database], AbstractContextManager[None]]
_FILTER = re.compile(r"\b((?:\w+\.)?namespace) = %\(namespace\)s")
_TABLES = """
SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'namespace'
    AND c.relnamespace = 'public'::regnamespace
ORDER BY 1
"""
_NOT_FOUND = 404
# a subject that is not there is gone, which is what was asked for
_GONE_ALREADY = {("DELETE /api/v1/subjects/{subjectIdOrKey}", 204)}


@contextmanager
def without_row_level_security(unguarded: Database) -> Iterator[None]:
    def alter(attribute: str) -> None:
        with unguarded.transaction("") as transaction:
            transaction.execute(f"ALTER ROLE {APPLICATION_ROLE} {attribute}")
            transaction.commit()

    alter("BYPASSRLS")
    try:
        yield
    finally:
        alter("NOBYPASSRLS")


@contextmanager
def without_the_filter(_unguarded: Database) -> Iterator[None]:
    """Every statement as if somebody had forgotten its condition on the namespace."""
    guarded = Transaction._run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "_run", lambda self, query, given: guarded(self, _forgetful(query), given))
        yield


@contextmanager
def without_both(unguarded: Database) -> Iterator[None]:
    with without_row_level_security(unguarded), without_the_filter(unguarded):
        yield


def _forgetful(query: str) -> str:
    return _FILTER.sub(r"\1 IS NOT NULL", query)


GUARDS: Mapping[str, Guard] = {
    "both": lambda _: nullcontext(),
    "the application's filter alone": without_row_level_security,
    "row level security alone": without_the_filter,
}


@pytest.fixture(scope="module")
def owner(new_house: Callable[[], House]) -> House:
    return new_house()


@pytest.fixture(scope="module")
def theirs(owner: House) -> Mapping[str, str]:
    return furnish(owner)


def rows_of(unguarded: Database, namespace: str) -> dict[str, Any]:
    """A digest of all that a namespace has, by table."""
    with unguarded.transaction(namespace) as transaction:
        tables = [row["name"] for row in transaction.fetch_all(_TABLES)]
        digest = "SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) AS d FROM {} t WHERE namespace = %(namespace)s"
        return {table: (transaction.fetch_one(digest.format(table)) or {})["d"] for table in tables}


def is_refused(one: Asked) -> bool:
    if one.is_by_path:
        return one.status == _NOT_FOUND or (one.route, one.status) in _GONE_ALREADY
    return 400 <= one.status < 500 or not one.names_theirs


@pytest.mark.parametrize("guard", GUARDS)
def test_what_is_another_s_is_not_found_by_any_route_and_stays_as_it_was(
    guard: str, owner: House, theirs: Mapping[str, str], new_house: Callable[[], House], unguarded: Database
) -> None:
    before = rows_of(unguarded, owner.namespace)
    stranger = new_house()
    with GUARDS[guard](unguarded):
        answers = asked(stranger, theirs)
    assert [one for one in answers if one.leaks] == []
    assert [one for one in answers if not is_refused(one)] == []
    assert rows_of(unguarded, owner.namespace) == before


def test_the_matrix_sees_what_leaks_where_no_guard_is_left(
    theirs: Mapping[str, str], new_house: Callable[[], House], unguarded: Database
) -> None:
    with without_both(unguarded):
        answers = asked(new_house(), theirs)
    found = {one.route for one in answers if one.is_by_path and one.status < 300}
    assert len(found) > 50
    assert len({one.route for one in answers if one.leaks}) > 10


def test_every_parameter_of_a_path_is_asked_for_with_an_id_of_theirs(theirs: Mapping[str, str]) -> None:
    named = {name for route in ROUTES if not LEFT_OUT.search(route) for name in re.findall(r"{(\w+)}", route)}
    assert named - theirs.keys() == {"id", "findingId", "backtestId"}
