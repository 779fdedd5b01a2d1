"""Erasures of several namespaces in one run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meterhouse.customers.erasure import REMEMBERED, SETTLES, Erasure, asked
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.metering.erase_archive import Seen
from meterhouse.metering.erase_subjects import EraseSubjects, ErasurePorts
from meterhouse.metering.erased_name import ErasedName
from meterhouse.platform.topics import DEAD_LETTER_DAYS

ASKED_AT = datetime(2026, 5, 1, tzinfo=UTC)
NOW = ASKED_AT + SETTLES
LONGEST_LOG_DAYS = 90
"""`kafkaRetentionDays` at most."""


class Due:
    """One erasure a namespace; stands for the usage store, in which there is nothing to erase, as well."""

    def __init__(self) -> None:
        self.saved: dict[str, Erasure] = {}
        self.deleted: list[str] = []

    @contextmanager
    def begin(self, namespace: str) -> Iterator[Any]:
        due = self

        class Store:
            def forget(self, before: datetime) -> None:
                assert before < ASKED_AT

            def due(self, _at: datetime) -> Sequence[Erasure]:
                return [asked(f"of-{namespace}", "ann", ASKED_AT)]

            def save(self, erasure: Erasure) -> None:
                due.saved[namespace] = erasure

        class Work:
            store = Store()

            def commit(self) -> None: ...

        yield Work()

    def left(self, _name: ErasedName) -> tuple[int, int]:
        return 0, 0

    def delete(self, name: ErasedName, _mark: str) -> None:
        self.deleted.append(name.namespace)


def test_a_namespace_whose_archive_is_damaged_keeps_no_other_from_its_erasures() -> None:
    due = Due()

    def archive(name: ErasedName, *_: object) -> Seen:
        if name.namespace == "a":
            raise InvariantBroken("a page is not what was archived")
        return Seen(0, "")

    class Nothing:
        def of(self, *_: object) -> list[Any]:
            return []

        def rename(self, *_: object) -> int:
            return 0

    stands: Any = Nothing()
    ports = ErasurePorts(due.begin, due, archive, stands, stands, stands, stands, lambda: True)  # type: ignore[arg-type] # doubles
    erase = EraseSubjects(ports, lambda: ["a", "b"], now=lambda: NOW, new_id=lambda: "mark")
    with pytest.raises(InvariantBroken, match="not what was archived"):
        erase(NOW + timedelta(minutes=8))
    assert (list(due.saved), due.deleted) == (["b"], ["b"])


def test_a_name_is_known_again_for_as_long_as_a_record_may_be_kept() -> None:
    """In the log, then among the dead letters, then, replayed, in the log once more."""
    assert timedelta(days=2 * LONGEST_LOG_DAYS + DEAD_LETTER_DAYS) <= REMEMBERED
