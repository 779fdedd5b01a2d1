"""`meterhouse.billing.ports.Voidings` in PostgreSQL."""

import json
from collections.abc import Collection

from meterhouse.billing.documents import voiding_from_document, voiding_to_document
from meterhouse.billing.void import Wish
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_VOIDINGS = queries("meterhouse.billing", "voidings.sql")


class PostgresVoidings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, invoice_ids: Collection[str]) -> dict[str, Wish]:
        rows = self._transaction.fetch_all(_VOIDINGS["voidings_of"], {"invoice_ids": list(invoice_ids)})
        return {row["invoice_id"]: Wish(voiding_from_document(row["voiding"]), row["asked_at"]) for row in rows}

    def keep(self, invoice_id: str, wish: Wish) -> None:
        document = json.dumps(voiding_to_document(wish.voiding))
        values = {"invoice_id": invoice_id, "voiding": document, "asked_at": wish.asked_at}
        self._transaction.execute(_VOIDINGS["keep_voiding"], values)

    def forget(self, invoice_id: str) -> None:
        self._transaction.execute(_VOIDINGS["forget_voiding"], {"invoice_id": invoice_id})
