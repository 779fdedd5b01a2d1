"""A language model's price over a time: of the catalogue that all namespaces share, or a namespace's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from meterhouse.llmcost.token_price import TokenPricing


class Source(StrEnum):
    """A namespace's own price goes before the catalogue's."""

    MANUAL = "manual"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a provider; `match` tells by what other names it is meant, as `model_match` reads it."""

    provider: str
    provider_name: str
    id: str
    name: str
    match: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LlmPrice:
    """`pricing` holds in `[effective_from, effective_to)`; None: without end."""

    id: str
    model: Model
    pricing: TokenPricing
    currency: str
    source: Source
    effective_from: datetime
    created_at: datetime
    updated_at: datetime
    effective_to: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        return self.effective_from <= at and (self.effective_to is None or at < self.effective_to)
