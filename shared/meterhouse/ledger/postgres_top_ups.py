"""Top-ups in PostgreSQL."""

import json
from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.kernel.cadence import Cadence
from meterhouse.ledger.credit_grant import Funding, Taxation
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.top_up import Limits, Made, TopUp
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.ledger", "top_ups.sql")
_MADE = tuple(field.name for field in fields(Made))


class PostgresTopUps:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_customers(self, customer_ids: Collection[str]) -> list[TopUp]:
        rows = self._transaction.fetch_all(_SQL["of_customers"], {"customer_ids": list(customer_ids)})
        return [_top_up_of(row) for row in rows]

    def save(self, top_up: TopUp) -> TopUp:
        limits = top_up.limits
        [row] = self._transaction.fetch_all(
            _SQL["save"],
            {
                "customer_id": top_up.customer_id,
                "currency": top_up.currency,
                "threshold": top_up.threshold,
                "granted": json.dumps(asdict(top_up.spec), default=str),
                "period": limits.period.iso(),
                "most_times": limits.times,
                "most_amount": limits.amount,
                "created_at": top_up.created_at,
                "updated_at": top_up.updated_at,
            },
        )
        return _top_up_of(row)

    def remove(self, customer_id: str, currency: str, at: datetime) -> bool:
        wanted = {"customer_id": customer_id, "currency": currency, "at": at}
        return self._transaction.execute(_SQL["remove"], wanted) > 0

    def made(self, customer_id: str, currency: str) -> list[Made]:
        wanted = {"customer_id": customer_id, "currency": currency}
        rows = self._transaction.fetch_all(_SQL["made"], wanted)
        return [Made(**{name: row[name] for name in _MADE}) for row in rows]

    def add_made(self, top_up: TopUp, number: int, grant_id: str) -> None:
        wanted = {"customer_id": top_up.customer_id, "currency": top_up.currency}
        self._transaction.execute(_SQL["add_made"], wanted | {"number": number, "grant_id": grant_id})


def _top_up_of(row: Row) -> TopUp:
    return TopUp(
        customer_id=row["customer_id"],
        spec=_spec_of(row["granted"]),
        threshold=row["threshold"],
        limits=Limits(Cadence.parse(row["period"]), row["most_times"], row["most_amount"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _spec_of(document: dict[str, Any]) -> CreditGrantSpec:
    bought, taxation = document["purchase"], document["taxation"]
    rate = bought and bought["rate"]
    return CreditGrantSpec(
        **{
            **document,
            "funding": Funding(document["funding"]),
            "amount": Decimal(document["amount"]),
            "purchase": bought and PurchaseSpec(bought["currency"], None if rate is None else Decimal(rate)),
            "taxation": taxation and Taxation(**taxation),
        }
    )
