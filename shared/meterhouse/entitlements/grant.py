"""Grants: usage that an entitlement may have, until it is burnt, expires or is voided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from meterhouse.kernel.cadence import Cadence, index_at, occurrence
from meterhouse.kernel.errors import InvalidInput

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """At `anchor` + n `cadence` a grant has its whole amount again; what was left is lost."""

    cadence: Cadence
    anchor: datetime

    def next_after(self, at: datetime) -> datetime:
        return occurrence(self.anchor, self.cadence, index_at(self.anchor, self.cadence, at) + 1)

    def instants_after(self, at: datetime) -> Iterator[datetime]:
        """Those later than `at`, in order, to the end of the calendar."""
        n = index_at(self.anchor, self.cadence, at)
        while True:
            n += 1
            try:
                following = occurrence(self.anchor, self.cadence, n)
            except InvalidInput:
                return
            yield following


@dataclass(frozen=True, slots=True)
class Grant:
    """Units of usage. All instants but `created_at` are whole minutes.

    Attributes:
        amount: units, more than 0.
        priority: 1 to 255; the lower is burnt first.
        effective_at: from here on it can be burnt.
        expires_at: until, not including, this instant; None: for ever.
        expiration: what `expires_at` was reckoned from.
        min_rollover, max_rollover: at a reset the balance becomes `min(max, max(min, balance))`.
        voided_at: from here on nothing is left of it.
    """

    id: str
    entitlement_id: str
    amount: Decimal
    effective_at: datetime
    created_at: datetime
    updated_at: datetime
    priority: int = 1
    expires_at: datetime | None = None
    expiration: Cadence | None = None
    recurrence: Recurrence | None = None
    min_rollover: Decimal = Decimal(0)
    max_rollover: Decimal = Decimal(0)
    voided_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)

    @property
    def burn_order(self) -> tuple[int, datetime, datetime, str]:
        """The least is burnt first: by priority, then what expires first, then the oldest."""
        return self.priority, self.expires_at or _NEVER, self.created_at, self.id

    @property
    def ends_at(self) -> datetime | None:
        """When it expires or was voided, whichever is first."""
        if self.voided_at is None or self.expires_at is None:
            return self.voided_at or self.expires_at
        return min(self.voided_at, self.expires_at)

    @property
    def is_voided(self) -> bool:
        """Whether it was voided before it could expire."""
        return self.ends_at is not None and self.ends_at != self.expires_at

    @property
    def is_refilled(self) -> bool:
        """Whether every reset leaves the whole amount of it, whatever was burnt."""
        return self.min_rollover >= self.amount == self.max_rollover

    def is_active(self, at: datetime) -> bool:
        return self.effective_at <= at and (self.ends_at is None or at < self.ends_at)
