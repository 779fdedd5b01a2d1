"""Custom currencies in PostgreSQL."""

from collections.abc import Collection
from dataclasses import asdict

from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency, CustomCurrencySpec
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.catalog", "currencies.sql")


class PostgresCurrencies:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def all(self) -> list[CustomCurrency]:
        return [_currency(row) for row in self._transaction.fetch_all(_SQL["all"], {})]

    def find(self, currency_id: str) -> CustomCurrency | None:
        row = self._transaction.fetch_one(_SQL["find"], {"id": currency_id})
        return None if row is None else _currency(row)

    def by_codes(self, codes: Collection[str]) -> dict[str, CustomCurrency]:
        rows = self._transaction.fetch_all(_SQL["by_codes"], {"codes": list(codes)}) if codes else []
        return {row["code"]: _currency(row) for row in rows}

    def add(self, currency: CustomCurrency) -> bool:
        row = {"id": currency.id, "created_at": currency.created_at} | asdict(currency.spec)
        return self._transaction.execute(_SQL["insert"], row) > 0

    def cost_bases(self, currency_ids: Collection[str]) -> list[CurrencyCostBasis]:
        wanted = {"currency_ids": list(currency_ids)}
        rows = self._transaction.fetch_all(_SQL["cost_bases"], wanted) if currency_ids else []
        return [
            CurrencyCostBasis(
                id=row["id"],
                currency_id=row["currency_id"],
                fiat_code=row["fiat_code"],
                rate=row["rate"],
                effective_from=row["effective_from"],
                created_at=row["created_at"],
                effective_to=row["effective_to"],
            )
            for row in rows
        ]

    def add_cost_basis(self, basis: CurrencyCostBasis) -> bool:
        return self._transaction.execute(_SQL["insert_cost_basis"], asdict(basis)) > 0


def _currency(row: Row) -> CustomCurrency:
    spec = CustomCurrencySpec(
        code=row["code"],
        name=row["name"],
        exponent=row["exponent"],
        decimal_mark=row["decimal_mark"],
        thousand_separator=row["thousand_separator"],
        symbol=row["symbol"],
    )
    return CustomCurrency(row["id"], spec, row["created_at"])
