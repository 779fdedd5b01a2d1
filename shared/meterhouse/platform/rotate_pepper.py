"""The pepper changes while requests run: a new one is known to everybody before it is used, the oldest goes last."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform import api_keys, aws, clock
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.peppers import READ_EVERY, SECRET, Pepper, Peppers, kept_peppers, peppers_of, secret_of
from meterhouse.platform.postgres import Database
from meterhouse.platform.settings import required
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "credentials.sql")
KNOWN_BEFORE = 3 * READ_EVERY
"""A new pepper is used only then: two readings in a row may fail."""
KEPT_AFTER = timedelta(days=30)
"""How long an older one stays: portal tokens, which live no longer, keep the hash that they were made with."""


@dataclass(frozen=True, slots=True)
class PepperUse:
    """A pepper, and how many secrets that open something are hashed under it."""

    pepper: Pepper
    secrets: int


def keep_peppers(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Change the secret, once from what it was `before`: a token takes one value and refuses another.

    Raises:
        Unavailable: there is no answer, or another change came first.
    """
    token = sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()
    asked = {"SecretId": required(SECRET), "SecretString": json.dumps(after), "ClientRequestToken": token}
    aws.call("secretsmanager", "secretsmanager.PutSecretValue", asked)


class RotatePepper:
    """Every call may be repeated."""

    def __init__(
        self,
        database: Database,
        read: Callable[[], Mapping[str, str]] = kept_peppers,
        keep: Callable[[Mapping[str, str], Mapping[str, str]], None] = keep_peppers,
        now: Callable[[], datetime] = clock.now,
        namespaces: Callable[[Database], Iterable[str]] = all_namespaces,
    ) -> None:
        self._database = database
        self._read = read
        self._keep = keep
        self._now = now
        self._namespaces = namespaces

    def uses(self) -> list[PepperUse]:
        """The oldest first."""
        secrets, at = Counter[int](), self._now()
        for namespace in self._namespaces(self._database):
            with self._database.transaction(namespace) as transaction:
                rows = transaction.fetch_all(_SQL["open_secrets"], {"at": at})
            secrets.update({row["pepper"]: row["secrets"] for row in rows})
        return [PepperUse(one, secrets[one.version]) for one in peppers_of(self._read()).all]

    def rotate(self, to: int) -> None:
        """Make a pepper of version `to`, the next one, which is used after `KNOWN_BEFORE`.

        Raises:
            InvalidInput: another one is next.
        """
        kept = self._read()
        known = peppers_of(kept).all
        following = known[-1].version + 1
        if to > following:
            raise InvalidInput("no such pepper is next", [Problem("/to", "version", f"the next is {following}")])
        if to == following:
            made = Pepper(to, api_keys.new_key(""), self._now() + KNOWN_BEFORE)
            self._keep(kept, secret_of(Peppers([*known, made])))

    def retire(self, version: int, closing: int) -> None:
        """Forget an older pepper, and close the secrets that are hashed under it, of which there are `closing` at most.

        The key of the deploy is hashed anew before, revoked or not: the next deploy must know it.

        Raises:
            Conflict: the pepper is used, a later one has been for less than `KEPT_AFTER`, or more would be closed.
        """
        kept = self._read()
        known = peppers_of(kept)
        others = [one for one in known.all if one.version != version]
        if len(others) == len(known.all):
            return
        _check_is_old(known, version, self._now())
        Credentials(self._database, lambda _: known, self._now).register_first()
        lost = sum(use.secrets for use in self.uses() if use.pepper.version == version)
        if lost > closing:
            raise Conflict(f"{lost} secrets are hashed under this pepper and would be closed", "pepper_needed")
        self._keep(kept, secret_of(Peppers(others)))


def _check_is_old(known: Peppers, version: int, at: datetime) -> None:
    followed = [one.used_from for one in known.all if one.version > version and one.used_from is not None]
    if not followed or at < min(followed) + KEPT_AFTER:
        raise Conflict(f"a pepper stays until a later one has been in use for {KEPT_AFTER.days} days", "pepper_in_use")
