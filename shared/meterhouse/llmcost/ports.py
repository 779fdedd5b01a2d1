"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.llmcost.llm_price import LlmPrice
from meterhouse.platform.text_filter import TextFilter


class PriceOrder(StrEnum):
    ID = "id"
    PROVIDER = "provider"
    MODEL_ID = "model_id"
    EFFECTIVE_FROM = "effective_from"
    EFFECTIVE_TO = "effective_to"
    UPDATED_AT = "updated_at"


FILTERED = ("provider", "model_id", "model_name", "currency", "source")
PriceFilter = Mapping[str, TextFilter]
"""Conditions by some of the fields `FILTERED`; all must hold."""


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of a list; `number` counts from 1, ties are broken by id."""

    number: int = 1
    size: int = 100
    order: PriceOrder = PriceOrder.ID
    descending: bool = False


class LlmPrices(Protocol):
    """Of a namespace, with the catalogue's; of none, the catalogue's alone."""

    def find(self, price_id: str) -> LlmPrice | None: ...

    def page(self, wanted: PriceFilter, page: PageOf) -> tuple[list[LlmPrice], int]:
        """One page, and how many there are on all."""

    def of_providers(self, providers: Collection[str]) -> list[LlmPrice]: ...

    def catalogue(self) -> list[LlmPrice]:
        """By provider, model and beginning."""

    def write(self, prices: Collection[LlmPrice]) -> None:
        """Write prices of this namespace, new ones or others in their place."""

    def remove(self, price_ids: Collection[str]) -> int:
        """How many of this namespace's there were."""


class CostedFeatures(Protocol):
    def by_ids(self, feature_ids: Collection[str]) -> Mapping[str, Feature]:
        """Features by id, archived ones too."""

    def costed(self) -> Sequence[Feature]:
        """Those with a meter and a unit cost, archived ones too, by key."""


class LlmCostStore(Protocol):
    @property
    def prices(self) -> LlmPrices: ...
    @property
    def features(self) -> CostedFeatures: ...
