"""What rules need to know of the custom currencies that rate cards are priced in."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.errors import Problem

Placed = tuple[RateCard, str]
"""A rate card with the pointer to it."""

Worth = tuple[str, str]
"""The codes of a custom currency and of a fiat currency that its units are worth something in."""


class Currencies(Protocol):
    def by_codes(self, codes: Collection[str]) -> Mapping[str, CustomCurrency]:
        """Custom currencies by code; unknown codes are left out."""

    def cost_bases(self, currency_ids: Collection[str]) -> list[CurrencyCostBasis]:
        """What their units are worth, past and future."""


def known_currencies(currencies: Currencies, cards: Iterable[RateCard]) -> Mapping[str, CustomCurrency]:
    """Those that the rate cards are priced in, by code; what nothing is called so is left out."""
    codes = {card.currency.code for card in cards if card.currency is not None}
    return currencies.by_codes(codes) if codes else {}


def precise(currencies: Currencies, cards: Iterable[RateCard]) -> tuple[RateCard, ...]:
    """The rate cards, each with the precision of its currency, which never changes; an unknown one stays a name."""
    wanted = tuple(cards)
    known = known_currencies(currencies, wanted)
    return tuple(
        card
        if card.currency is None or card.currency.code not in known
        else replace(card, currency=known[card.currency.code].currency)
        for card in wanted
    )


def worths(currencies: Currencies, cards: Iterable[RateCard], at: datetime) -> set[Worth]:
    """In which fiat currencies units of the cards' currencies are worth something, at `at` or later."""
    known = known_currencies(currencies, cards)
    codes = {one.id: code for code, one in known.items()}
    bases = currencies.cost_bases(list(codes)) if codes else []
    return {
        (codes[one.currency_id], one.fiat_code) for one in bases if one.effective_to is None or one.effective_to > at
    }


def worthless(cards: Iterable[Placed], fiat_code: str, worth: Collection[Worth]) -> Iterator[Problem]:
    """Why rate cards that are invoiced in a fiat currency cannot be sold: nobody said what their units are worth."""
    for card, at in cards:
        if card.currency is not None and (card.currency.code, fiat_code) not in worth:
            message = (
                f"nobody said what {card.currency.code} is worth in {fiat_code}: what credit leaves is invoiced by that"
            )
            yield Problem(f"{at}/currency", "rate_card_cost_basis_missing", message)
