"""The catalogue follows the price list."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from meterhouse.llmcost.llm_price import LlmPrice, Model
from meterhouse.llmcost.ports import LlmCostStore
from meterhouse.llmcost.price_book import PriceBook
from meterhouse.llmcost.price_list import Changes, ListedPrice, begun_at, changes_of
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

NOBODY = ""
"""The catalogue belongs to no namespace."""
PriceList = Callable[[], Iterable[tuple[Model, Sequence[ListedPrice]]]]


@dataclass(frozen=True, slots=True)
class Synced:
    """How many prices were written, and how many that were to come were taken back."""

    written: int
    removed: int


class SyncPrices:
    def __init__(
        self, begin: Begin[LlmCostStore], price_list: PriceList, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._begin = begin
        self._price_list = price_list
        self._now = now

    def __call__(self) -> Synced:
        """Bring the catalogue to what the list says now; again changes nothing. Models the list has lost stay.

        A model that is new in the list, and whose name had a price before (another model's), begins now.
        """
        listed = list(self._price_list())
        with self._begin(NOBODY) as work:
            work.lock("llm_prices")
            changes = list(_changes(work.store.prices.catalogue(), listed, self._now()))
            removed = work.store.prices.remove([price_id for one in changes for price_id in one.remove])
            written = [price for one in changes for price in one.write]
            work.store.prices.write(written)
            work.commit()
        return Synced(len(written), removed)


def _changes(
    catalogue: Collection[LlmPrice], listed: Iterable[tuple[Model, Sequence[ListedPrice]]], at: datetime
) -> Iterator[Changes]:
    known = {key: list(prices) for key, prices in groupby(catalogue, lambda one: (one.model.provider, one.model.id))}
    book = PriceBook(catalogue)
    for model, prices in listed:
        own = known.get((model.provider, model.id), ())
        is_new = not any(price.effective_from <= at for price in own)
        # a name that had the price of another model keeps it for the past
        had_a_price = is_new and book.price((model.provider, model.id), at) is not None
        yield changes_of(model, own, begun_at(prices, at) if had_a_price else prices, at)
