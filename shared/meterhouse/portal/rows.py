"""Rows of the portal's tables as its nouns."""

from meterhouse.platform.postgres_transaction import Row
from meterhouse.portal.model import PortalToken, Scope


def token_of(row: Row) -> PortalToken:
    meters = None if row["allowed_meters"] is None else tuple(row["allowed_meters"])
    scope = Scope(row["subject"], row["customer_id"], meters)
    return PortalToken(row["id"], scope, row["created_at"], row["expires_at"])
