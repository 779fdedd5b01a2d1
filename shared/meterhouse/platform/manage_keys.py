"""API keys of a namespace: made, listed, rotated, revoked. The text of a secret leaves this file once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform import api_keys, clock, ids
from meterhouse.platform.api_key import ApiKey, ApiKeySpec, check_reach, check_spec
from meterhouse.platform.peppers import KeyHash, PeppersAt, known_peppers
from meterhouse.platform.work import Begin


class KeyStore(Protocol):
    def add(self, key: ApiKey) -> None: ...

    def add_secret(self, key_id: str, hashed: KeyHash, hint: str, at: datetime) -> bool:
        """Whether it is new: no secret opens two keys, nor one again that it was taken from."""

    def end_other_secrets(self, key_id: str, hashed: KeyHash, until: datetime) -> None:
        """All but this one are over then at the latest."""

    def find(self, key_id: str) -> ApiKey | None: ...

    def page(self, number: int, size: int, *, closed: bool) -> tuple[Sequence[ApiKey], int]:
        """The newest first, and how many there are on all; with `closed` those that were revoked, too."""

    def revoke(self, key_id: str, at: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class Issued:
    """A key and the text of its new secret, which is told this once."""

    key: ApiKey
    text: str


class ApiKeys:
    """`holder` are the scopes of whoever asks: nobody makes, or learns the secret of, a key that can do more."""

    def __init__(
        self,
        begin: Begin[KeyStore],
        peppers: PeppersAt = known_peppers,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._peppers = peppers
        self._now = now

    def now(self) -> datetime:
        return self._now()

    def create(self, namespace: str, spec: ApiKeySpec, holder: Collection[str]) -> Issued:
        """A key with its first secret.

        Raises:
            InvalidInput, Forbidden: as `check_spec`.
        """
        at, text = self._now(), api_keys.new_key()
        check_spec(spec, holder, at)
        key = ApiKey(ids.new_id(), spec, api_keys.hint_of(text), at)
        with self._begin(namespace) as work:
            work.store.add(key)
            work.store.add_secret(key.id, self._peppers(at).hashed(text, at), key.hint, at)
            work.commit()
        return Issued(key, text)

    def get(self, namespace: str, key_id: str) -> ApiKey:
        """Raises: NotFound."""
        with self._begin(namespace) as work:
            return _found(work.store, key_id)

    def page(self, namespace: str, number: int, size: int, *, closed: bool) -> tuple[Sequence[ApiKey], int]:
        with self._begin(namespace) as work:
            return work.store.page(number, size, closed=closed)

    def rotate(self, namespace: str, key_id: str, overlap: timedelta, holder: Collection[str]) -> Issued:
        """A new secret; earlier ones open the namespace for `overlap` more, and none for longer than it was to.

        Raises:
            NotFound: there is no such key.
            Conflict: it is over.
            Forbidden: as `check_reach`.
        """
        at, text = self._now(), api_keys.new_key()
        hashed = self._peppers(at).hashed(text, at)
        with self._begin(namespace) as work:
            work.lock("api_key", key_id)
            key = _found(work.store, key_id)
            check_reach(key.spec, holder)
            if key.is_over(at):
                raise Conflict("the key was revoked or has expired; make another", "api_key_over")
            work.store.add_secret(key_id, hashed, api_keys.hint_of(text), at)
            work.store.end_other_secrets(key_id, hashed, at + overlap)
            work.commit()
        return Issued(ApiKey(key.id, key.spec, api_keys.hint_of(text), key.created_at, key.last_used_at), text)

    def revoke(self, namespace: str, key_id: str) -> None:
        """Close a key with all its secrets; closing what is closed changes nothing.

        Raises:
            NotFound: there is no such key.
        """
        with self._begin(namespace) as work:
            _found(work.store, key_id)
            work.store.revoke(key_id, self._now())
            work.commit()


def _found(store: KeyStore, key_id: str) -> ApiKey:
    key = store.find(key_id)
    if key is None:
        raise NotFound("API key", key_id)
    return key
