"""Prices of language models in PostgreSQL."""

import json
from collections.abc import Collection
from typing import Any

from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.llmcost.llm_price import LlmPrice, Model, Source
from meterhouse.llmcost.ports import FILTERED, PageOf, PriceFilter
from meterhouse.llmcost.price_document import pricing_from_document, pricing_to_document
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries
from meterhouse.platform.text_filter import ANY_TEXT, matches

_PRICES = queries("meterhouse.llmcost", "llm_prices.sql")


class PostgresLlmPrices:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, price_id: str) -> LlmPrice | None:
        row = self._transaction.fetch_one(_PRICES["find"], {"id": price_id})
        return None if row is None else _price(row)

    def page(self, wanted: PriceFilter, page: PageOf) -> tuple[list[LlmPrice], int]:
        condition = " AND ".join(matches(name) for name in FILTERED)
        parameters = {
            name: value for field in FILTERED for name, value in wanted.get(field, ANY_TEXT).parameters(field).items()
        }
        count = self._transaction.fetch_one(_PRICES["count"].format(matching=condition), parameters)
        order = f"{page.order} {'DESC' if page.descending else 'ASC'}"
        rows = self._transaction.fetch_all(
            _PRICES["page"].format(matching=condition, order=order),
            parameters | {"limit": page.size, "offset": (page.number - 1) * page.size},
        )
        return [_price(row) for row in rows], count["count"] if count else 0

    def of_providers(self, providers: Collection[str]) -> list[LlmPrice]:
        rows = self._transaction.fetch_all(_PRICES["of_providers"], {"providers": list(providers)})
        return [_price(row) for row in rows]

    def catalogue(self) -> list[LlmPrice]:
        return [_price(row) for row in self._transaction.fetch_all(_PRICES["catalogue"])]

    def write(self, prices: Collection[LlmPrice]) -> None:
        documents = json.dumps([_document(price) for price in prices])
        self._transaction.execute(_PRICES["write"], {"prices": documents})

    def remove(self, price_ids: Collection[str]) -> int:
        return self._transaction.execute(_PRICES["remove"], {"ids": list(price_ids)})


class PostgresLlmCost:
    """The room's store in one transaction; features come from the room below."""

    def __init__(self, transaction: Transaction) -> None:
        self.prices = PostgresLlmPrices(transaction)
        self.features = PostgresFeatures(transaction)


def _price(row: Row) -> LlmPrice:
    model = Model(row["provider"], row["provider_name"], row["model_id"], row["model_name"], row["match"])
    return LlmPrice(
        id=row["id"],
        model=model,
        pricing=pricing_from_document(row["pricing"]),
        currency=row["currency"],
        source=Source(row["source"]),
        effective_from=row["effective_from"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        effective_to=row["effective_to"],
    )


def _document(price: LlmPrice) -> dict[str, Any]:
    return {
        "id": price.id,
        "provider": price.model.provider,
        "provider_name": price.model.provider_name,
        "model_id": price.model.id,
        "model_name": price.model.name,
        "match": price.model.match,
        "pricing": pricing_to_document(price.pricing),
        "currency": price.currency,
        "source": price.source.value,
        "effective_from": price.effective_from.isoformat(),
        "effective_to": price.effective_to and price.effective_to.isoformat(),
        "created_at": price.created_at.isoformat(),
        "updated_at": price.updated_at.isoformat(),
    }
