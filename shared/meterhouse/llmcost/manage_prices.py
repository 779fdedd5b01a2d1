"""Prices that a namespace sees, and those of its own that go before the catalogue's."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.kernel.currency import currency
from meterhouse.kernel.errors import Conflict, NotFound, Problems
from meterhouse.kernel.ids import derived_ulid
from meterhouse.llmcost.llm_price import LlmPrice, Model, Source
from meterhouse.llmcost.model_name import provider_id
from meterhouse.llmcost.ports import LlmCostStore, PageOf, PriceFilter
from meterhouse.llmcost.token_price import TokenPricing
from meterhouse.platform import clock
from meterhouse.platform.text_filter import ANY_TEXT, TextFilter
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class OverrideSpec:
    """A namespace's own price, as its author writes it."""

    provider: str
    model_id: str
    model_name: str | None
    pricing: TokenPricing
    currency: str
    effective_from: datetime
    effective_to: datetime | None = None


class ManagePrices:
    def __init__(self, begin: Begin[LlmCostStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def page(self, namespace: str, wanted: PriceFilter, page: PageOf) -> tuple[list[LlmPrice], int]:
        with self._begin(namespace) as work:
            return work.store.prices.page(wanted, page)

    def overrides(self, namespace: str, wanted: PriceFilter, page: PageOf) -> tuple[list[LlmPrice], int]:
        """A page of the namespace's own prices; none where others are wanted."""
        if not wanted.get("source", ANY_TEXT).admits(Source.MANUAL.value):
            return [], 0
        return self.page(namespace, {**wanted, "source": TextFilter(eq=Source.MANUAL.value)}, page)

    def get(self, namespace: str, price_id: str) -> LlmPrice:
        """The price; `NotFound` for one of another namespace, too."""
        with self._begin(namespace) as work:
            found = work.store.prices.find(price_id)
        if found is None:
            raise NotFound("price", price_id)
        return found

    def override(self, namespace: str, spec: OverrideSpec) -> LlmPrice:
        """Write a price of the namespace's own. What is written already, word for word, stays as it is.

        Raises:
            InvalidInput: the currency is not known; it ends before it begins.
            Conflict: `override_exists`: another one of the model begins at the same instant, in whatever currency.
        """
        _check(spec)
        price = _price(spec, self._now())
        with self._begin(namespace) as work:
            work.lock("llm_prices", price.id)
            known = work.store.prices.find(price.id)
            if known is None:
                work.store.prices.write([price])
                work.commit()
                return price
        if replace(known, created_at=price.created_at, updated_at=price.updated_at) != price:
            raise Conflict("another price of the model begins at that instant: delete it first", "override_exists")
        return known

    def remove(self, namespace: str, price_id: str) -> None:
        """Delete a price of the namespace's own: the catalogue's hold again, for all times; else `NotFound`."""
        with self._begin(namespace) as work:
            if not work.store.prices.remove([price_id]):
                raise NotFound("override", price_id)
            work.commit()


def _check(spec: OverrideSpec) -> None:
    currency(spec.currency)
    problems = Problems()
    if spec.effective_to is not None and spec.effective_to <= spec.effective_from:
        problems.add("/effective_to", "empty_period", "must be after effective_from")
    problems.raise_if_any("the price never holds")


def _price(spec: OverrideSpec, at: datetime) -> LlmPrice:
    provider, model = provider_id(spec.provider), spec.model_id.strip()
    begins = spec.effective_from
    return LlmPrice(
        id=derived_ulid(begins, "llm_override", provider, model.lower(), begins.isoformat()),
        model=Model(provider, spec.provider.strip(), model, spec.model_name or model),
        pricing=spec.pricing,
        currency=spec.currency,
        source=Source.MANUAL,
        effective_from=begins,
        created_at=at,
        updated_at=at,
        effective_to=spec.effective_to,
    )
