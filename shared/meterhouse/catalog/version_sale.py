"""Putting versions of plans and of add-ons on sale, and taking them off."""

from dataclasses import replace
from typing import Generic, TypeVar

from meterhouse.catalog.ports import CatalogStore
from meterhouse.catalog.use_case import UseCase
from meterhouse.catalog.version import Status, Version
from meterhouse.catalog.version_service import Kind, Shown
from meterhouse.platform.work import Work

S = TypeVar("S")


class VersionSale(UseCase, Generic[S]):
    kind: Kind[S]

    def publish(self, namespace: str, version_id: str) -> Shown[S]:
        """Put a version on sale from now on; the one on sale until now is archived at the same instant.

        Raises:
            NotFound: there is no such version.
            Conflict: `…_not_publishable`: it is on sale or was.
            InvalidInput: all problems that keep it from being sold.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            version = self.kind.found(work.store, version_id)
            self.kind.refuse_unless(version, at, "publishable", Status.DRAFT, Status.SCHEDULED)
            self.kind.refuse_unsellable(work.store, version, at)
            before = self.kind.store(work.store).of_key(version.key, None, at)
            if before is not None:
                self._write(work, "archived", replace(before, effective_to=at, updated_at=at))
            version = replace(version, effective_from=at, effective_to=None, updated_at=at)
            self._write(work, "published", version)
            work.commit()
        return Shown(version, version.status(at))

    def archive(self, namespace: str, version_id: str) -> Shown[S]:
        """Take a version off sale from now on. Who bought it keeps it.

        Raises:
            NotFound: there is no such version.
            Conflict: `…_not_active`: it is not on sale.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            version = self.kind.found(work.store, version_id)
            self.kind.refuse_unless(version, at, "active", Status.ACTIVE)
            version = replace(version, effective_to=at, updated_at=at)
            self._write(work, "archived", version)
            work.commit()
        return Shown(version, version.status(at))

    def _write(self, work: Work[CatalogStore], verb: str, version: Version[S]) -> None:
        self.kind.store(work.store).update(version)
        work.publish(self.kind.event(self._new_id(), verb, version))
