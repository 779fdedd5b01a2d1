"""What goes to PostgreSQL and comes from it by the hundred is what goes and comes one by one."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database
from tests.integration.platform.test_transactions import AT, event, saved

HARD = ["", " ", "NULL", "null", ",", '"', "\\", '\\"', "{", "}", "{a,b}", "a\tb\nc", "é€\u2028", "a/v[0]/period[1]"]
ECHOED = "SELECT %(texts)s::text[] AS texts"


def echoed(database: Database, texts: list[object]) -> object:
    [row] = database.read("any", ECHOED, {"texts": texts})
    return row["texts"]


def test_lists_of_texts_arrive_as_they_are(database: Database) -> None:
    assert echoed(database, [*HARD]) == HARD
    for one in HARD:
        assert echoed(database, [one]) == [one]
    assert echoed(database, []) == []
    assert echoed(database, ["a", None]) == ["a", None]


def test_any_list_of_texts_arrives_as_it_is(database: Database) -> None:
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)

    @given(st.lists(text, max_size=4))
    def arrives(texts: list[str]) -> None:
        assert echoed(database, [*texts]) == texts

    arrives()


@pytest.mark.parametrize("texts", [["\0"], ["a\0b"], ["a", "\0", "b"], ["\0", ""]])
def test_a_text_that_postgres_has_not_is_refused_in_a_list_too(database: Database, texts: list[object]) -> None:
    with pytest.raises(psycopg.DataError, match="NUL"):
        echoed(database, texts)


def test_lists_of_texts_are_copied_as_they_are(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.execute("CREATE TEMPORARY TABLE lists (texts text[]) ON COMMIT DROP")
        transaction.copy("COPY lists FROM STDIN", [[HARD]])
        assert transaction.fetch_all("SELECT texts FROM lists") == [{"texts": HARD}]


def test_documents_are_read_as_rows_are(database: Database, namespace: str) -> None:
    query = (
        """SELECT %(namespace)s AS name, '{"a": [1, 2.5, "é", null, true]}'::jsonb AS one, '[{"b": {}}]'::json AS two"""
    )
    with database.transaction(namespace) as transaction:
        [row] = transaction.fetch_documents(query)
        assert [row] == transaction.fetch_all(query)
    assert row == {"name": namespace, "one": {"a": [1, 2.5, "é", None, True]}, "two": [{"b": {}}]}


def test_events_of_a_batch_are_written_as_a_few_are(database: Database, namespace: str) -> None:
    batch = [event(f"é{number:03d}") for number in range(100)]
    with database.transaction(namespace) as transaction:
        transaction.publish(*batch)
        transaction.publish(*batch, event("z"))
        transaction.publish(event("one"))
        transaction.commit()
    assert saved(database, namespace) == [*(one.id for one in batch), "z", "one"]
    with database.transaction(namespace) as transaction:
        rows = transaction.fetch_all("SELECT id, type, subject, occurred_at, data FROM outbox")
    assert {DomainEvent(**row).id: row["data"] for row in rows} == {
        name: {"name": name} for name in saved(database, namespace)
    }
    assert {row["occurred_at"] for row in rows} == {AT}
