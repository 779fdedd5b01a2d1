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
from meterhouse.platform.peppers import KeyHash, PeppersAt, known_peppers
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.quotas import Quota, quota_of
from meterhouse.platform.settings import required
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "credentials.sql")
_NO_NAMESPACE = ""
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


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
        peppers: PeppersAt = known_peppers,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database = database
        self._peppers = peppers
        self._now = now

    def find(self, key: str) -> Credential | None:
        """The credential behind a key, or None when it is unknown, revoked or has expired.

        Its use is noted, and its hash under an older pepper gives way to that under the one in use.
        """
        at = self._now()
        peppers = self._peppers(at)
        hashes, hashed = peppers.hashes(key), peppers.hashed(key, at)
        with self._database.transaction(_NO_NAMESPACE, credential=" ".join(hashes), walk="namespaces") as transaction:
            row = transaction.fetch_one(_SQL["find_key"], {"hashes": hashes, "at": at})
        if row is None:
            return None
        used = row["last_used_at"]
        if used is None or used <= at - _USE_IS_NOTED_EVERY or row["pepper"] < hashed.pepper:
            self._note_use(row, hashed, at)
        return _credential_of(row)

    def _note_use(self, row: Row, hashed: KeyHash, at: datetime) -> None:
        with suppress(Unavailable), self._database.transaction(row["namespace"]) as transaction:
            transaction.execute(_SQL["note_use"], {"id": row["id"], "at": at})
            _hash_anew(transaction, row, hashed)
            transaction.commit()

    def register(self, namespace: str, name: str, key: str) -> Credential:
        """Let `key` open `namespace` as its owner; the namespace is created when it is new, again changes nothing.

        Raises:
            Conflict: the key opens another namespace, was revoked, or was replaced by another secret.
        """
        at = self._now()
        hashed = self._kept_anew(key, at)
        add_namespace(self._database, namespace)
        made = ApiKey(new_id(), ApiKeySpec(name, "owner"), api_keys.hint_of(key), at)
        with self._database.transaction(namespace) as transaction:
            store = PostgresKeys(transaction)
            known = store.open_by_secret(hashed.text)
            if known is None:
                store.add(made)
                if not store.add_secret(made.id, hashed, made.hint, at):
                    raise Conflict("this API key was used before and cannot open the namespace", "api_key_used")
            transaction.commit()
        return Credential(namespace, known or made.id, made.spec.granted)

    def _kept_anew(self, key: str, at: datetime) -> KeyHash:
        """The hash of a key under the pepper in use, by which it is known from now on even if it is over."""
        peppers = self._peppers(at)
        hashes, hashed = peppers.hashes(key), peppers.hashed(key, at)
        with self._database.transaction(_NO_NAMESPACE, credential=" ".join(hashes)) as transaction:
            row = transaction.fetch_one(_SQL["kept_secret"], {"hashes": hashes})
        if row is not None:
            with self._database.transaction(row["namespace"]) as transaction:
                _hash_anew(transaction, row, hashed)
                transaction.commit()
        return hashed

    def register_first(self) -> None:
        """Register the key that the deploy made; once it was rotated or revoked it stays so."""
        first = aws.secret(required("BOOTSTRAP_API_KEY_SECRET_ARN"))
        with suppress(Conflict):
            self.register(first["namespace"], first["name"], first["key"])


def _hash_anew(transaction: Transaction, row: Row, hashed: KeyHash) -> None:
    """Keep a secret's hash under a later pepper; of one that is kept under that already nothing changes."""
    if row["pepper"] < hashed.pepper:
        kept = {"key_hash": hashed.text, "pepper": hashed.pepper, "before": row["key_hash"]}
        transaction.execute(_SQL["hash_anew"], kept)
