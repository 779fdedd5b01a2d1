"""Add-ons: versioned lists of rate cards that customers buy on top of their plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from meterhouse.catalog.rate_card import RateCard


class InstanceType(StrEnum):
    """How many of it a subscription may have at a time."""

    SINGLE = "single"
    MULTIPLE = "multiple"


class AddonStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class AddonSpec:
    """What an add-on's author writes.

    Attributes:
        currency: an ISO 4217 code; fixed for a version, and that of every plan it is sold with.
    """

    name: str
    currency: str
    instance_type: InstanceType
    rate_cards: tuple[RateCard, ...]
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Addon:
    """One version of an add-on; it is on sale in `[effective_from, effective_to)`."""

    id: str
    key: str
    version: int
    spec: AddonSpec
    created_at: datetime
    updated_at: datetime
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    deleted_at: datetime | None = None

    def status(self, at: datetime) -> AddonStatus:
        """What it is at an instant; no job has to run for it to change."""
        if self.effective_from is None:
            return AddonStatus.DRAFT
        is_over = self.effective_to is not None and self.effective_to <= at
        return AddonStatus.ARCHIVED if is_over else AddonStatus.ACTIVE

    def is_sold(self, at: datetime) -> bool:
        """Whether it can be bought at `at`, with no end in sight."""
        is_lasting = self.effective_to is None and self.deleted_at is None
        return is_lasting and self.status(at) is AddonStatus.ACTIVE
