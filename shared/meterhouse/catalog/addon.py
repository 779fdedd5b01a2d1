"""Add-ons: versioned lists of rate cards that customers buy on top of their plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.version import Version


class InstanceType(StrEnum):
    """How many of it a subscription may have at a time."""

    SINGLE = "single"
    MULTIPLE = "multiple"


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


Addon = Version[AddonSpec]
"""One version of an add-on; none is ever scheduled."""
