"""Versions of plans and of add-ons: draft, show, list, replace, delete. Putting them on sale is `version_sale.py`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from meterhouse.catalog.ports import CatalogStore, Slice, VersionFilter, VersionStore
from meterhouse.catalog.use_case import UseCase
from meterhouse.catalog.version import Status, Version
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Work

S = TypeVar("S")
_DELETABLE = (Status.DRAFT, Status.SCHEDULED, Status.ARCHIVED)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """In what plans and add-ons differ.

    Attributes:
        name: what one is called, in events and codes.
        precise: a spec with what has to be looked up of what it names.
        contradictions: why a precise spec cannot even be drafted.
        obstacles: of each version, by id, why it cannot be sold at an instant, were it not for contradictions.
        users: who would miss a version if it were deleted at an instant, by name.
    """

    name: str
    store: Callable[[CatalogStore], VersionStore[S]]
    precise: Callable[[CatalogStore, S], S]
    contradictions: Callable[[S], Sequence[Problem]]
    obstacles: Callable[[CatalogStore, Sequence[Version[S]], datetime], Mapping[str, Sequence[Problem]]]
    users: Callable[[CatalogStore, Version[S], datetime], Sequence[str]]

    def found(self, store: CatalogStore, version_id: str) -> Version[S]:
        """The live version of this id; `NotFound` otherwise."""
        version = self.store(store).find(version_id)
        if version is None or version.deleted_at is not None:
            raise NotFound(self.name, version_id)
        return version

    def by_id_or_key(self, store: CatalogStore, id_or_key: str, at: datetime) -> Version[S]:
        """The version of this id, deleted or not, or the one of this key that is on sale; `NotFound` otherwise."""
        version = self.store(store).find(id_or_key) or self.store(store).of_key(id_or_key, None, at)
        if version is None:
            raise NotFound(self.name, id_or_key)
        return version

    def refuse_unless(self, version: Version[S], at: datetime, what: str, *allowed: Status) -> None:
        """`Conflict` with the code `<name>_not_<what>` unless its status at `at` is one of those allowed."""
        status = version.status(at)
        if status not in allowed:
            wanted = " or ".join(allowed)
            detail = f"{self.name} {version.key!r} version {version.version} is {status}; it must be {wanted}"
            raise Conflict(detail, f"{self.name}_not_{what}")

    def refuse_unsellable(self, store: CatalogStore, version: Version[S], at: datetime) -> None:
        """`InvalidInput` with all that keeps it from being sold at `at`."""
        problems = [*self.contradictions(version.spec), *self.obstacles(store, [version], at)[version.id]]
        if problems:
            raise InvalidInput(f"the {self.name} cannot be sold: {len(problems)} problem(s)", problems)

    def event(self, event_id: str, verb: str, version: Version[S]) -> DomainEvent:
        """A domain event on a version, dated by its last change."""
        data = {f"{self.name}Id": version.id, "key": version.key, "version": version.version}
        subject = f"{self.name}/{version.id}"
        return DomainEvent(event_id, f"{self.name}.{verb}", subject, version.updated_at, data)

    def shown(self, store: CatalogStore, versions: Sequence[Version[S]], at: datetime) -> list["Shown[S]"]:
        """The versions as of `at`, drafts with what keeps them from being published."""
        drafts = [version for version in versions if version.status(at) is Status.DRAFT]
        problems = self.obstacles(store, drafts, at)
        return [Shown(version, version.status(at), problems.get(version.id, ())) for version in versions]


@dataclass(frozen=True, slots=True)
class Shown(Generic[S]):
    """A version as of an instant; `problems` keep a draft from being published."""

    version: Version[S]
    status: Status
    problems: Sequence[Problem] = ()


class VersionService(UseCase, Generic[S]):
    kind: Kind[S]

    def create(self, namespace: str, key: str, spec: S) -> Shown[S]:
        """Draft the next version of a key; the first is 1. A draft may have faults that only publishing refuses.

        Raises:
            InvalidInput: the spec contradicts itself.
            Conflict: `…_draft_exists`: the key has a draft.
        """
        with self._begin(namespace) as work:
            spec = self.kind.precise(work.store, spec)
            self._refuse_contradictions(spec)
            at = self._alone(work)
            answer = self.kind.shown(work.store, [self._draft(work, key, spec, at)], at)[0]
            work.commit()
        return answer

    def get(self, namespace: str, id_or_key: str, *, latest: bool = False) -> Shown[S]:
        """A version by id; by key the one on sale, or with `latest` the highest one.

        Raises:
            NotFound: there is no such version.
        """
        at = self._now()
        with self._begin(namespace) as work:
            highest = self.kind.store(work.store).latest(id_or_key) if latest else None
            version = highest or self.kind.by_id_or_key(work.store, id_or_key, at)
            return self.kind.shown(work.store, [version], at)[0]

    def page(self, namespace: str, wanted: VersionFilter, rows: Slice) -> tuple[list[Shown[S]], int]:
        with self._begin(namespace) as work:
            versions, total = self.kind.store(work.store).page(wanted, rows)
            return self.kind.shown(work.store, versions, wanted.at), total

    def replace(self, namespace: str, version_id: str, change: Callable[[S], S]) -> Shown[S]:
        """Rewrite a version that is not on sale yet.

        Raises:
            NotFound: there is no such version.
            InvalidInput: the spec contradicts itself, or is scheduled and could not be sold.
            Conflict: `…_not_editable`: it is on sale or was.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            version = self.kind.found(work.store, version_id)
            self.kind.refuse_unless(version, at, "editable", Status.DRAFT, Status.SCHEDULED)
            version = replace(version, spec=self.kind.precise(work.store, change(version.spec)), updated_at=at)
            self._refuse_contradictions(version.spec)
            if version.status(at) is Status.SCHEDULED:
                self.kind.refuse_unsellable(work.store, version, at)
            self.kind.store(work.store).update(version)
            work.publish(self.kind.event(self._new_id(), "updated", version))
            answer = self.kind.shown(work.store, [version], at)[0]
            work.commit()
        return answer

    def delete(self, namespace: str, version_id: str) -> None:
        """Delete softly what is not on sale; its number is not given again. Deleting again changes nothing.

        Raises:
            NotFound: there is no such version.
            Conflict: `…_not_deletable`: it is on sale; `…_in_use`: something that may be sold needs it.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            version = self.kind.store(work.store).find(version_id)
            if version is None:
                raise NotFound(self.kind.name, version_id)
            if version.deleted_at is not None:
                return
            self.kind.refuse_unless(version, at, "deletable", *_DELETABLE)
            if users := self.kind.users(work.store, version, at):
                detail = f"{self.kind.name} {version.key!r} version {version.version} is sold by {', '.join(users)}"
                raise Conflict(detail, f"{self.kind.name}_in_use")
            version = replace(version, deleted_at=at, updated_at=at)
            self.kind.store(work.store).update(version)
            work.publish(self.kind.event(self._new_id(), "deleted", version))
            work.commit()

    def _draft(self, work: Work[CatalogStore], key: str, spec: S, at: datetime) -> Version[S]:
        """The next version of the key; nobody else may change the catalog meanwhile."""
        store, name = self.kind.store(work.store), self.kind.name
        draft = store.draft(key)
        if draft is not None:
            raise Conflict(f"{name} {key!r} has a draft: {draft.id}, version {draft.version}", f"{name}_draft_exists")
        version = Version(self._new_id(), key, store.last_version(key) + 1, spec, created_at=at, updated_at=at)
        store.add(version)
        work.publish(self.kind.event(self._new_id(), "created", version))
        return version

    def _refuse_contradictions(self, spec: S) -> None:
        problems = self.kind.contradictions(spec)
        if problems:
            raise InvalidInput(f"the {self.kind.name} contradicts itself", problems)
