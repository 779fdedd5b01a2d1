"""Meters: create, change, list, delete."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from meterhouse.kernel.errors import Conflict, NotFound, Problem, Problems
from meterhouse.metering.backfill import Backfill
from meterhouse.metering.json_path import check_paths
from meterhouse.metering.model import (
    LAST_REVISION,
    Meter,
    MeterChange,
    MeterSpec,
    check_group_by,
    check_spec,
    meter_document,
    new_meter,
)
from meterhouse.platform import clock, ids
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin, Work

_WIRE_NAMES = {
    "slug": "slug",
    "aggregation": "aggregation",
    "event_type": "eventType",
    "event_from": "eventFrom",
    "value_property": "valueProperty",
}


class MeterOrder(StrEnum):
    KEY = "key"
    NAME = "name"
    AGGREGATION = "aggregation"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


@dataclass(frozen=True, slots=True)
class MeterPage:
    """Which meters of the ordered list; ties of the order are broken by id."""

    number: int = 1
    size: int = 100
    order_by: MeterOrder = MeterOrder.CREATED_AT
    descending: bool = False
    include_deleted: bool = False


class MeterStore(Protocol):
    def find(self, id_or_slug: str) -> Meter | None:
        """The live meter of this id or slug."""

    def page(self, page: MeterPage) -> list[Meter]: ...

    def add(self, meter: Meter) -> bool:
        """Write a new meter; False when a live one has its slug."""

    def update(self, meter: Meter) -> None: ...

    def add_backfill(self, meter: Meter) -> None:
        """Have the events stored before now be read as the meter reads them; earlier readings are given up."""

    def backfill(self, meter_id: str) -> Backfill | None:
        """That of the latest reading."""


class MeterUse(Protocol):
    """What stands on meters; rooms above answer for what they own."""

    def group_bys_in_use(self, namespace: str, meter_id: str) -> Mapping[str, Sequence[str]]:
        """Of each feature in use on the meter, by its key, the group-by keys that it reads."""


class MeterService:
    """The use cases on meters. Without a `use`, no meter is held by anything."""

    def __init__(
        self,
        begin: Begin[MeterStore],
        use: MeterUse | None = None,
        *,
        new_id: Callable[[], str] = ids.new_id,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._use = use
        self._new_id = new_id
        self._now = now

    def create(self, namespace: str, spec: MeterSpec) -> Meter:
        """A new meter.

        Raises:
            InvalidInput: the spec breaks a rule; all are listed.
            Conflict: a live meter has the slug.
        """
        problems = Problems()
        check_spec(spec, problems)
        check_paths(spec.value_property, spec.group_by, problems)
        problems.raise_if_any("the meter cannot be created")
        meter = new_meter(self._new_id(), spec, self._now())
        with self._begin(namespace) as work:
            if not work.store.add(meter):
                raise Conflict(f"there is a meter with the slug {spec.slug!r}", "meter_slug_taken")
            work.store.add_backfill(meter)
            work.publish(self._event("meter.created", meter, meter.created_at))
            work.commit()
        return meter

    def change(self, namespace: str, id_or_slug: str, change: MeterChange) -> Meter:
        """The meter as changed; its slug, event type, aggregation and value property never change.

        Raises:
            NotFound: no such meter.
            InvalidInput: the group-by breaks a rule.
            Conflict: a group-by key is dropped that a feature reads, or an attribute is given that never changes.
        """
        with self._begin(namespace) as work:
            meter = _locked(work, id_or_slug)
            _refuse_fixed(meter, change)
            if change.group_by is not None:
                problems = Problems()
                check_group_by(change.group_by, meter.value_property, problems)
                check_paths(None, change.group_by, problems)
                problems.raise_if_any("the meter cannot be changed")
            changed = meter.changed(change, self._now())
            if changed.revision > LAST_REVISION:
                raise Conflict("the meter's group-by was changed too often; create another meter", "meter_worn_out")
            self._refuse_dropped_keys(namespace, meter, changed)
            work.store.update(changed)
            if changed.revision != meter.revision:
                work.store.add_backfill(changed)
            work.publish(self._event("meter.updated", changed, changed.updated_at))
            work.commit()
        return changed

    def delete(self, namespace: str, id_or_slug: str) -> None:
        """Free the slug; the meter's usage stays readable by invoices.

        Raises:
            NotFound: no such meter.
            Conflict: a feature in use stands on it.
        """
        with self._begin(namespace) as work:
            meter = _locked(work, id_or_slug)
            features = sorted(self._used(namespace, meter))
            if features:
                raise Conflict(f"features stand on the meter: {', '.join(features)}", "meter_in_use")
            at = self._now()
            work.store.update(meter.deleted(at))
            work.publish(self._event("meter.deleted", meter, at))
            work.commit()

    def get(self, namespace: str, id_or_slug: str) -> Meter:
        """The live meter of this id or slug; `NotFound` otherwise."""
        with self._begin(namespace) as work:
            return _found(work.store, id_or_slug)

    def backfill(self, namespace: str, id_or_slug: str) -> Backfill:
        """How far the events before the live meter, or before its last change, are read; `NotFound` otherwise."""
        with self._begin(namespace) as work:
            meter = _found(work.store, id_or_slug)
            backfill = work.store.backfill(meter.id)
        if backfill is None:
            raise NotFound("backfill", id_or_slug)
        return backfill

    def page(self, namespace: str, page: MeterPage) -> list[Meter]:
        with self._begin(namespace) as work:
            return work.store.page(page)

    def _used(self, namespace: str, meter: Meter) -> Mapping[str, Sequence[str]]:
        return {} if self._use is None else self._use.group_bys_in_use(namespace, meter.id)

    def _refuse_dropped_keys(self, namespace: str, before: Meter, after: Meter) -> None:
        dropped = set(before.group_by) - set(after.group_by)
        for feature, keys in sorted(self._used(namespace, before).items()) if dropped else ():
            if held := sorted(dropped.intersection(keys)):
                raise Conflict(f"feature {feature!r} reads {', '.join(held)}", "meter_group_by_in_use")

    def _event(self, what: str, meter: Meter, at: datetime) -> DomainEvent:
        document = meter_document(meter.id, meter.slug, meter.revision)
        return DomainEvent(self._new_id(), what, f"meter/{meter.id}", at, document)


def _refuse_fixed(meter: Meter, change: MeterChange) -> None:
    message = "never changes; create another meter"
    problems = [Problem(f"/{_WIRE_NAMES[name]}", "immutable", message) for name in meter.contradicted(change)]
    if problems:
        raise Conflict("the meter cannot be changed in this", "meter_immutable", problems)


def _found(store: MeterStore, id_or_slug: str) -> Meter:
    meter = store.find(id_or_slug)
    if meter is None:
        raise NotFound("meter", id_or_slug)
    return meter


def _locked(work: Work[MeterStore], id_or_slug: str) -> Meter:
    """The meter, which no feature is put on and nobody else changes until the transaction ends."""
    work.lock("meter", _found(work.store, id_or_slug).id)
    return _found(work.store, id_or_slug)
