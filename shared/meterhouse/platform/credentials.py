"""Which namespace a presented API key opens, and what it may do there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from meterhouse.kernel.errors import Conflict, Unavailable
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import api_keys, aws, clock
from meterhouse.platform.access import scopes_of
from meterhouse.platform.api_key import ApiKey, ApiKeySpec
from meterhouse.platform.ids import new_id
from meterhouse.platform.key_store import PostgresKeys
from meterhouse.platform.limits import Rate, rate_of
from meterhouse.platform.namespaces import UNLIMITED, Allowance, add_namespace
from meterhouse.platform.postgres import Database, Row
from meterhouse.platform.quotas import Quota, quota_of
from meterhouse.platform.settings import required
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "credentials.sql")
_NO_NAMESPACE = ""
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


def pepper_from_environment() -> str:
    """The pepper of this deployment, from the secret {"pepper"}."""
    return aws.secret(required("API_KEY_PEPPER_SECRET_ARN"))["pepper"]


@dataclass(frozen=True, slots=True)
class Credential:
    """Of a key, or of the person `subject`, who has none.

    `expires_at`: of the key or of this secret of it, whichever is over first; None: neither is.
    """

    namespace: str
    key_id: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    rate: Rate | None = None
    quota: Quota | None = None
    allowance: Allowance = UNLIMITED
    subject: str = ""

    def context(self) -> dict[str, str]:
        """What the authorizer tells the routes; the gateway carries texts alone."""
        some = {
            "keyId": self.key_id,
            "subject": self.subject,
            "expiresAt": self.expires_at and format_rfc3339(self.expires_at),
            "keyRate": self.rate and str(self.rate),
            "keyQuota": self.quota and str(self.quota),
            "namespaceRate": self.allowance.rate and str(self.allowance.rate),
            "namespaceQuota": self.allowance.quota and str(self.allowance.quota),
        }
        told = {"namespace": self.namespace, "scopes": " ".join(sorted(self.scopes))}
        return told | {name: text for name, text in some.items() if text}


def _credential_of(row: Row) -> Credential:
    return Credential(
        row["namespace"],
        row["id"],
        scopes_of(row["role"], row["scopes"]),
        row["expires_at"],
        rate_of(row["requests_per_second"], row["burst"]),
        quota_of(row["monthly_requests"], row["monthly_events"]),
        Allowance(
            rate_of(row["namespace_requests_per_second"], row["namespace_burst"]),
            quota_of(row["namespace_monthly_requests"], row["namespace_monthly_events"]),
        ),
    )


class Credentials:
    def __init__(
        self,
        database: Database,
        pepper: Callable[[], str] = pepper_from_environment,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database = database
        self._pepper = pepper
        self._now = now

    def find(self, key: str) -> Credential | None:
        """The credential behind a key, or None when it is unknown, revoked or has expired. Its use is noted."""
        presented, at = api_keys.key_hash(key, self._pepper()), self._now()
        with self._database.transaction(_NO_NAMESPACE, credential=presented, walk="namespaces") as transaction:
            row = transaction.fetch_one(_SQL["find_key"], {"key_hash": presented, "at": at})
        if row is None:
            return None
        if row["last_used_at"] is None or row["last_used_at"] <= at - _USE_IS_NOTED_EVERY:
            self._note_use(row["namespace"], row["id"], at)
        return _credential_of(row)

    def _note_use(self, namespace: str, key_id: str, at: datetime) -> None:
        with suppress(Unavailable), self._database.transaction(namespace) as transaction:
            transaction.execute(_SQL["note_use"], {"id": key_id, "at": at})
            transaction.commit()

    def register(self, namespace: str, name: str, key: str) -> Credential:
        """Let `key` open `namespace` as its owner; the namespace is created when it is new, again changes nothing.

        Raises:
            Conflict: the key opens another namespace, was revoked, or was replaced by another secret.
        """
        hashed, at = api_keys.key_hash(key, self._pepper()), self._now()
        add_namespace(self._database, namespace)
        made = ApiKey(new_id(), ApiKeySpec(name, "owner"), api_keys.hint_of(key), at)
        with self._database.transaction(namespace) as transaction:
            store = PostgresKeys(transaction)
            known = store.open_by_secret(hashed)
            if known is None:
                store.add(made)
                if not store.add_secret(made.id, hashed, made.hint, at):
                    raise Conflict("this API key was used before and cannot open the namespace", "api_key_used")
            transaction.commit()
        return Credential(namespace, known or made.id, made.spec.granted)
