"""What rules need to know of the tax codes that rate cards name."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol

from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.tax_code import TaxCode
from meterhouse.kernel.errors import Problem


class TaxCodes(Protocol):
    def by_ids(self, code_ids: Collection[str]) -> Mapping[str, TaxCode]:
        """Codes by id, deleted ones too."""


def live_tax_codes(codes: TaxCodes, cards: Iterable[RateCard]) -> set[str]:
    """Of the codes that the rate cards name those that there are, by id."""
    named = {card.tax_code_id for card in cards if card.tax_code_id is not None}
    return {code_id for code_id, code in codes.by_ids(named).items() if code.deleted_at is None}


def unknown_tax_codes(cards: Iterable[tuple[RateCard, str]], live: Collection[str]) -> Iterator[Problem]:
    """Why rate cards, each with the pointer to it, cannot be sold."""
    for card, at in cards:
        if card.tax_code_id is not None and card.tax_code_id not in live:
            message = f"there is no tax code {card.tax_code_id!r}"
            yield Problem(f"{at}/taxConfig/taxCodeId", "rate_card_tax_code_not_found", message)
