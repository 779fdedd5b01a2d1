"""Meters: which events count, and what of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.kernel.errors import Problems
from meterhouse.metering.aggregation import Aggregation

RESERVED_EVENT_TYPE = "openmeter."
"""Prefix of event types that are ours to send."""
_GROUP_BY_NAME = re.compile(r"[a-zA-Z_][0-9a-zA-Z_]*")
_TAKEN_NAMES = frozenset({"subject", "customer_id"})
_MOST_GROUP_BYS = 100
LAST_REVISION = (1 << 13) - 1
TWINS = 1 << 13
"""Added to the revision of a value that counts for who asks for its subject alone, while that is erased (ADR 0062)."""


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """What a meter's author writes.

    Attributes:
        value_property: JSONPath into an event's data; None for COUNT.
        group_by: JSONPaths by name.
        event_from: earlier events do not count; None: all do.
    """

    slug: str
    aggregation: Aggregation
    event_type: str
    name: str
    value_property: str | None = None
    group_by: Mapping[str, str] = field(default_factory=dict)
    event_from: datetime | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeterChange:
    """What may change of a meter; None leaves a field as it is.

    Attributes:
        fixed: attributes of a meter that never change, as the caller believes them to be.
    """

    name: str | None = None
    description: str | None = None
    group_by: Mapping[str, str] | None = None
    metadata: Mapping[str, str] | None = None
    fixed: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter as it stands.

    Attributes:
        revision: how often what it reads of events has changed; of one event the reading of the latest revision counts.
    """

    id: str
    slug: str
    name: str
    aggregation: Aggregation
    event_type: str
    value_property: str | None
    group_by: Mapping[str, str]
    event_from: datetime | None
    description: str | None
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    revision: int = 0

    def changed(self, change: MeterChange, at: datetime) -> "Meter":
        reads_anew = change.group_by is not None and dict(change.group_by) != dict(self.group_by)
        return replace(
            self,
            revision=self.revision + reads_anew,
            name=self.name if change.name is None else change.name,
            description=self.description if change.description is None else change.description,
            group_by=self.group_by if change.group_by is None else change.group_by,
            metadata=self.metadata if change.metadata is None else change.metadata,
            updated_at=at,
        )

    def contradicted(self, change: MeterChange) -> list[str]:
        """The attributes that never change and that the change would have otherwise."""
        return [name for name, value in change.fixed.items() if getattr(self, name) != value]

    def deleted(self, at: datetime) -> "Meter":
        return replace(self, deleted_at=at, updated_at=at)


def meter_document(meter_id: str, slug: str, revision: int) -> dict[str, str | int]:
    """What domain events about a meter carry."""
    return {"id": meter_id, "slug": slug, "revision": revision}


def new_meter(meter_id: str, spec: MeterSpec, at: datetime) -> Meter:
    return Meter(
        id=meter_id,
        slug=spec.slug,
        name=spec.name,
        aggregation=spec.aggregation,
        event_type=spec.event_type,
        value_property=spec.value_property,
        group_by=dict(spec.group_by),
        event_from=spec.event_from,
        description=spec.description,
        metadata=dict(spec.metadata),
        created_at=at,
        updated_at=at,
    )


def check_spec(spec: MeterSpec, problems: Problems) -> None:
    """Add a problem for each rule that the spec breaks; JSONPath syntax is checked where paths are compiled."""
    if spec.event_type.startswith(RESERVED_EVENT_TYPE):
        problems.add("/eventType", "reserved_event_type", f"types that start with {RESERVED_EVENT_TYPE!r} are ours")
    if spec.aggregation.reads_value and spec.value_property is None:
        problems.add("/valueProperty", "missing", f"{spec.aggregation} needs a value property")
    if not spec.aggregation.reads_value and spec.value_property is not None:
        problems.add("/valueProperty", "not_allowed", f"{spec.aggregation} reads no value")
    check_group_by(spec.group_by, spec.value_property, problems)


def check_group_by(group_by: Mapping[str, str], value_property: str | None, problems: Problems) -> None:
    if len(group_by) > _MOST_GROUP_BYS:
        problems.add("/groupBy", "too_many", f"at most {_MOST_GROUP_BYS} keys")
    for name, path in group_by.items():
        pointer = f"/groupBy/{name.replace('~', '~0').replace('/', '~1')}"
        if not _GROUP_BY_NAME.fullmatch(name):
            problems.add(pointer, "invalid_name", "a letter or _, then letters, digits or _")
        elif name in _TAKEN_NAMES:
            problems.add(pointer, "reserved_name", "subject and customer_id are there without being declared")
        if path == value_property:
            problems.add(pointer, "value_property", "the value cannot be grouped by")
