"""API keys in PostgreSQL: what they may do, and the peppered hashes of their secrets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from meterhouse.platform.api_key import ApiKey, ApiKeySpec
from meterhouse.platform.ids import new_id
from meterhouse.platform.limits import rate_of, rate_row
from meterhouse.platform.peppers import KeyHash
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.quotas import quota_of, quota_row
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "keys.sql")


class PostgresKeys:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, key: ApiKey) -> None:
        spec = key.spec
        row = {"id": key.id, "name": spec.name, "role": spec.role, "scopes": list(spec.scopes)}
        dates = {"created_at": key.created_at, "expires_at": spec.expires_at}
        self._transaction.execute(_SQL["add_key"], {**row, **dates, **rate_row(spec.rate), **quota_row(spec.quota)})

    def add_secret(self, key_id: str, hashed: KeyHash, hint: str, at: datetime) -> bool:
        row = {"id": new_id(), "key_id": key_id, "hint": hint, "at": at}
        kept = {"key_hash": hashed.text, "pepper": hashed.pepper}
        return self._transaction.execute(_SQL["add_secret"], {**row, **kept}) > 0

    def end_other_secrets(self, key_id: str, hashed: KeyHash, until: datetime) -> None:
        row = {"key_id": key_id, "key_hash": hashed.text, "until": until}
        self._transaction.execute(_SQL["end_other_secrets"], row)

    def open_by_secret(self, key_hash: str) -> str | None:
        """The id of the key that this secret opens for as long as the key lives; None: none, or no more."""
        row = self._transaction.fetch_one(_SQL["id_of_secret"], {"key_hash": key_hash})
        return None if row is None else str(row["id"])

    def find(self, key_id: str) -> ApiKey | None:
        row = self._transaction.fetch_one(_SQL["find"].format(columns=_SQL["columns"]), {"id": key_id})
        return None if row is None else _key_of(row)

    def page(self, number: int, size: int, *, closed: bool) -> tuple[Sequence[ApiKey], int]:
        asked = {"closed": closed, "limit": size, "offset": (number - 1) * size}
        rows = self._transaction.fetch_all(_SQL["page"].format(columns=_SQL["columns"]), asked)
        (count,) = self._transaction.fetch_all(_SQL["count"], asked)
        return [_key_of(row) for row in rows], int(count["total"])

    def revoke(self, key_id: str, at: datetime) -> bool:
        return self._transaction.execute(_SQL["revoke"], {"id": key_id, "at": at}) > 0


def _key_of(row: Mapping[str, Any]) -> ApiKey:
    rate = rate_of(row["requests_per_second"], row["burst"])
    quota = quota_of(row["monthly_requests"], row["monthly_events"])
    spec = ApiKeySpec(row["name"], row["role"], tuple(row["scopes"]), row["expires_at"], rate, quota)
    return ApiKey(row["id"], spec, row["hint"] or "", row["created_at"], row["last_used_at"], row["revoked_at"])
