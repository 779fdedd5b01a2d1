"""Subjects on a real PostgreSQL, as the older contract has them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from meterhouse.customers.postgres import PostgresSubjects
from meterhouse.customers.subject import Subject
from meterhouse.customers.subjects import SubjectChange, SubjectService
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.customers.conftest import START, ticking


@pytest.fixture
def subjects(database: Database) -> SubjectService:
    return SubjectService(begins(database, PostgresSubjects), now=ticking())


def test_a_subject_is_read_as_it_was_written(subjects: SubjectService, namespace: str) -> None:
    fields = {
        "display_name": "Alice",
        "metadata": {"deep": [{"n": 1.5, "none": None}]},
        "stripe_customer_id": "cus_1",
        "current_period_start": START,
        "current_period_end": START,
    }
    [created] = subjects.upsert(namespace, [SubjectChange("alice", fields)])
    assert created == Subject(created.id, "alice", START, START, **fields)  # type: ignore[arg-type] # fields by name
    assert subjects.get(namespace, "alice") == subjects.get(namespace, created.id) == created


def test_an_upsert_changes_the_named_fields_and_keeps_id_and_creation(subjects: SubjectService, namespace: str) -> None:
    [before] = subjects.upsert(namespace, [SubjectChange("a", {"display_name": "A", "metadata": {"x": 1}})])
    [after] = subjects.upsert(namespace, [SubjectChange("a", {"metadata": None})])
    assert (after.id, after.created_at, after.display_name, after.metadata) == (before.id, before.created_at, "A", None)
    assert after.updated_at > before.updated_at


def test_a_key_twice_in_a_batch_is_one_subject_as_the_last_says(subjects: SubjectService, namespace: str) -> None:
    changes = [SubjectChange("a", {"display_name": name}) for name in ("first", "last")]
    first, last = subjects.upsert(namespace, changes)
    assert first.id == last.id
    assert [one.display_name for one in subjects.all(namespace)] == ["last"]


def test_a_key_is_free_again_after_deletion(subjects: SubjectService, namespace: str) -> None:
    [gone] = subjects.upsert(namespace, [SubjectChange("a", {"display_name": "A"})])
    subjects.delete(namespace, "a")
    with pytest.raises(NotFound):
        subjects.get(namespace, gone.id)
    [heir] = subjects.upsert(namespace, [SubjectChange("a", {})])
    assert (heir.id != gone.id, heir.display_name) == (True, None)


def test_concurrent_upserts_of_a_key_make_one_subject(database_settings: PostgresSettings, namespace: str) -> None:
    def upsert(name: str) -> Sequence[Subject]:
        database = Database(lambda: database_settings)
        try:
            return SubjectService(begins(database, PostgresSubjects)).upsert(
                namespace, [SubjectChange("a", {"display_name": name}), SubjectChange(name, {})]
            )
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert len({found[0].id for found in pool.map(upsert, "1234")}) == 1


def test_subjects_of_another_namespace_are_not_found(subjects: SubjectService, namespace: str) -> None:
    [created] = subjects.upsert(namespace, [SubjectChange("a", {})])
    other = f"{namespace}-other"
    assert subjects.all(other) == []
    subjects.delete(other, created.id)
    with pytest.raises(NotFound):
        subjects.get(other, created.id)
    assert subjects.get(namespace, "a") == created
