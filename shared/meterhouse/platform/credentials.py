"""Which namespace a presented API key opens, and new keys."""

from collections.abc import Callable
from dataclasses import dataclass

from meterhouse.kernel.errors import Conflict
from meterhouse.platform import api_keys, aws, clock
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from meterhouse.platform.settings import required
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "credentials.sql")
_NO_NAMESPACE = ""


def pepper_from_environment() -> str:
    """The pepper of this deployment, from the secret {"pepper"}."""
    return aws.secret(required("API_KEY_PEPPER_SECRET_ARN"))["pepper"]


@dataclass(frozen=True, slots=True)
class Credential:
    namespace: str
    key_id: str


class Credentials:
    def __init__(self, database: Database, pepper: Callable[[], str] = pepper_from_environment) -> None:
        self._database = database
        self._pepper = pepper

    def find(self, key: str) -> Credential | None:
        """The credential behind a key, or None when it is unknown or revoked."""
        presented = api_keys.key_hash(key, self._pepper())
        with self._database.transaction(_NO_NAMESPACE, credential=presented) as transaction:
            row = transaction.fetch_one(_SQL["find_key"], {"key_hash": presented})
        return None if row is None else Credential(row["namespace"], row["id"])

    def register(self, namespace: str, name: str, key: str) -> Credential:
        """Let `key` open `namespace`, which is created when it is new; registering a key again changes nothing.

        Raises:
            Conflict: the key opens another namespace, or was revoked.
        """
        hashed, at = api_keys.key_hash(key, self._pepper()), clock.now()
        add_namespace(self._database, namespace)
        with self._database.transaction(namespace) as transaction:
            transaction.execute(_SQL["add_key"], {"id": new_id(), "name": name, "key_hash": hashed, "at": at})
            row = transaction.fetch_one(_SQL["find_own_key"], {"key_hash": hashed})
            transaction.commit()
        if row is None:
            raise Conflict("this API key was used before and cannot open the namespace", "api_key_used")
        return Credential(namespace, row["id"])

    def revoke(self, namespace: str, key_id: str) -> bool:
        """Close a key; whether there was such an open key. Authorizers forget it within their time to live."""
        with self._database.transaction(namespace) as transaction:
            revoked = transaction.execute(_SQL["revoke_key"], {"id": key_id, "at": clock.now()})
            transaction.commit()
        return revoked > 0
