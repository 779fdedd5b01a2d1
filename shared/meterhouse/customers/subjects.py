"""Subjects: list, show, upsert, delete, for callers of the older contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from meterhouse.customers.ports import SubjectStore
from meterhouse.customers.subject import Subject
from meterhouse.kernel.errors import NotFound
from meterhouse.platform import clock, ids
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """Fields of `Subject` to set; those not named stay as they are."""

    key: str
    fields: Mapping[str, Any]


class SubjectService:
    """Subjects of a namespace, kept for callers of the older contract."""

    def __init__(
        self,
        begin: Begin[SubjectStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def all(self, namespace: str) -> list[Subject]:
        with self._begin(namespace) as work:
            return work.store.all()

    def get(self, namespace: str, id_or_key: str) -> Subject:
        """A subject by id or key.

        Raises:
            NotFound: there is no such subject.
        """
        with self._begin(namespace) as work:
            subject = work.store.find(id_or_key)
        if subject is None:
            raise NotFound("subject", id_or_key)
        return subject

    def upsert(self, namespace: str, changes: Sequence[SubjectChange]) -> list[Subject]:
        """Create or change subjects by key, all or none; the subjects in the order of the changes."""
        at, done = self._now(), []
        with self._begin(namespace) as work:
            work.lock("subjects")
            for change in changes:
                before = work.store.find_by_key(change.key)
                new = before or Subject(self._new_id(), change.key, created_at=at, updated_at=at)
                subject = replace(new, updated_at=at, **change.fields)
                work.store.save(subject)
                kind = "subject.created" if before is None else "subject.updated"
                work.publish(self._event(kind, subject, at))
                done.append(subject)
            work.commit()
        return done

    def delete(self, namespace: str, id_or_key: str) -> None:
        """Delete softly; what is not there stays so."""
        at = self._now()
        with self._begin(namespace) as work:
            work.lock("subjects")
            subject = work.store.find(id_or_key)
            if subject is not None:
                work.store.delete(subject.id, at)
                work.publish(self._event("subject.deleted", subject, at))
                work.commit()

    def _event(self, kind: str, subject: Subject, at: datetime) -> DomainEvent:
        return DomainEvent(self._new_id(), kind, f"subject/{subject.id}", at, {"key": subject.key})
