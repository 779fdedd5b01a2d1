"""The prices that a namespace sees, found by what its events call provider and model."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from meterhouse.llmcost.llm_price import LlmPrice, Source
from meterhouse.llmcost.model_match import matches
from meterhouse.llmcost.model_name import model_id, provider_id, seller_id
from meterhouse.llmcost.price_list import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

Name = tuple[str, str]
"""A provider and a model, as events call them."""


class PriceBook:
    """A namespace's own price goes before the catalogue's; of two that hold at once, the one that began last.

    Own prices are for a name first, then for the model that the catalogue means by it, then for its bare name; each
    under the provider that events tell before the cloud that sells it.
    """

    def __init__(self, prices: Iterable[LlmPrice]) -> None:
        self._own: dict[str, list[LlmPrice]] = defaultdict(list)
        self._shared: dict[str, list[LlmPrice]] = defaultdict(list)
        for price in sorted(prices, key=lambda one: (one.effective_from, one.model.id, one.id)):
            shelf = self._own if price.source is Source.MANUAL else self._shared
            shelf[provider_id(price.model.provider)].append(price)
        self._found: dict[Name, list[LlmPrice]] = {}

    def price(self, name: Name, at: datetime) -> LlmPrice | None:
        """What holds at `at`; None: no price is known."""
        return next((price for price in self._prices(name) if price.holds_at(at)), None)

    def changes(self, names: Iterable[Name]) -> list[datetime]:
        """When another price began or ended to hold for any of them, in order."""
        prices = (price for name in names for price in self._prices(name))
        return sorted({at for one in prices for at in (one.effective_from, one.effective_to) if at is not None})

    def thresholds(self, names: Iterable[Name]) -> tuple[int, ...]:
        """How long requests are above which another price may hold for any of them, in order."""
        prices = (price for name in names for price in self._prices(name))
        return tuple(sorted({above for price in prices for above in price.pricing.thresholds}))

    def _prices(self, name: Name) -> list[LlmPrice]:
        """All that may hold for the name: of those that hold, the first does."""
        if name not in self._found:
            provider, model = provider_id(name[0]), name[1].strip().lower()
            shared = _of_models_meant(self._shared[seller_id(provider)], model)
            meant = shared[0].model.id.lower() if shared else model
            shelves = [self._own[one] for one in dict.fromkeys((provider, seller_id(provider)))]
            own = [
                price
                for is_meant in (_has_id(model), _has_id(meant), _has_bare_name(model))
                for shelf in shelves
                for price in reversed(shelf)
                if is_meant(price)
            ]
            self._found[name] = [*own, *shared]
        return self._found[name]


def _has_id(name: str) -> Callable[[LlmPrice], bool]:
    return lambda price: price.model.id.lower() == name


def _has_bare_name(name: str) -> Callable[[LlmPrice], bool]:
    return lambda price: model_id(price.model.id) == model_id(name)


def _of_models_meant(prices: list[LlmPrice], name: str) -> list[LlmPrice]:
    """The prices of the model that is called so: by its id, else by what the catalogue says, else by the bare name.

    What a model that is new in the list did not cost yet, the name cost by what it meant before.
    """
    first = {price.model.id: price.effective_from for price in reversed(prices)}
    latest = {price.model.id: price.model for price in prices}
    ways = (
        (one.id for one in latest.values() if one.id.lower() == name),
        (one.id for one in latest.values() if one.match is not None and matches(one.match, name)),
        (one.id for one in latest.values() if model_id(one.id) == model_id(name)),
    )
    meant: list[str] = []
    for way in ways:
        meant += [one for one in islice(way, 1) if one not in meant]
        if meant and first[meant[-1]] <= BEGINNING:
            break
    return [price for one in meant for price in reversed(prices) if price.model.id == one]
