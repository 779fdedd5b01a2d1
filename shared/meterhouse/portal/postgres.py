"""Portal tokens in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries
from meterhouse.portal.model import PortalToken
from meterhouse.portal.rows import token_of
from meterhouse.portal.tokens import PortalStore

_SQL = queries("meterhouse.portal", "tokens.sql")


def portal_store(transaction: Transaction) -> PortalStore:
    """What `begins` makes of a transaction for the use cases of tokens."""
    return PortalStore(PostgresTokens(transaction), PostgresCustomers(transaction), PostgresMeters(transaction))


class PostgresTokens:
    """`meterhouse.portal.tokens.TokenStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, token: PortalToken, token_hash: str) -> None:
        values = {
            "id": token.id,
            "token_hash": token_hash,
            "subject": token.scope.subject,
            "customer_id": token.scope.customer_id,
            "allowed_meters": None if token.scope.meters is None else list(token.scope.meters),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        self._transaction.execute(_SQL["add"], values)

    def page(self, limit: int) -> Sequence[PortalToken]:
        return [token_of(row) for row in self._transaction.fetch_all(_SQL["page"], {"limit": limit})]

    def invalidate(self, token_id: str | None, subject: str | None, at: datetime) -> None:
        self._transaction.execute(_SQL["invalidate"], {"id": token_id, "subject": subject, "at": at})

    def forget_old(self, before: datetime) -> None:
        self._transaction.execute(_SQL["forget_old"], {"before": before})
