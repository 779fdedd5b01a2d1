"""Entitlement templates: what whoever subscribes to a rate card may use of its feature."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from meterhouse.kernel.cadence import Cadence


@dataclass(frozen=True, slots=True)
class MeteredTemplate:
    """A balance that usage burns.

    Attributes:
        is_soft_limit: whether usage goes on without a balance.
        issue_after_reset: granted at the start of every usage period; None: nothing is.
        issue_priority: of what is granted so, 1 to 255; the lowest burns first.
        preserve_overage_at_reset: whether overage is taken from what the next period begins with.
        usage_period: None: as often as the rate card is billed; see `RateCard.usage_period`.
    """

    is_soft_limit: bool = False
    issue_after_reset: Decimal | None = None
    issue_priority: int = 1
    preserve_overage_at_reset: bool = False
    usage_period: Cadence | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StaticTemplate:
    """Settings of the feature: `config` is JSON as its author wrote it."""

    config: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BooleanTemplate:
    """The feature is had, and that is all."""

    metadata: Mapping[str, str] = field(default_factory=dict)


EntitlementTemplate = MeteredTemplate | StaticTemplate | BooleanTemplate
