"""The keys that an issuer of tokens signs with: fetched from it, remembered, and asked for anew with restraint."""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.outgoing import connection_to

Key = Mapping[str, Any]
"""A JSON Web Key (RFC 7517)."""
Keys = Mapping[str, Sequence[Key]]
"""By their `kid`; those without one by `NAMELESS`."""
NAMELESS = ""
ALGORITHMS: Mapping[str, frozenset[str]] = {
    "RSA": frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    "EC": frozenset({"ES256", "ES384", "ES512"}),
    "OKP": frozenset({"EdDSA"}),
}
"""What a key of each type may have signed with: nothing with a secret of both sides, for which it could be taken."""
_DISCOVERY = "/.well-known/openid-configuration"
_FRESH = timedelta(hours=1)
_GOOD = timedelta(days=1)
_PAUSE = timedelta(seconds=30)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
_PATIENCE_SECONDS = 2.0
_LARGEST = 1 << 20
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class IssuerSilent(Unavailable):
    """The issuer's keys are not to be had; who presents a token may be known, and cannot be told from others."""


class SigningKeys:
    """An issuer that is silent is asked after 5 s, 10 s and so on to 5 min; its keys stay good for a day meanwhile."""

    def __init__(self, fetch: Callable[[], Keys]) -> None:
        self._fetch = fetch
        self._keys: Keys = {}
        self._failures = 0
        self._fresh_until = self._good_until = self._asks_from = _LONG_AGO

    def find(self, kid: str | None, at: datetime) -> Sequence[Key]:
        """The keys of this name, where the issuer has none of it those without a name; all, where the token names none.

        A name that is unknown is asked for, at most once in 30 s: those somebody makes up cost the issuer no more.

        Raises:
            IssuerSilent: the issuer does not tell.
        """
        is_known = bool(self._keys) if kid is None else kid in self._keys
        if not is_known or at >= self._fresh_until:
            self.ask_again(at)
        if at < self._good_until and (found := self._of(kid)):
            return found
        if self._failures:
            raise IssuerSilent("the issuer of tokens does not tell its keys")
        return ()

    def ask_again(self, at: datetime) -> bool:
        """Whether the issuer was asked just now: for who has a token that fits no key, and no name to tell it by."""
        if at < self._asks_from:
            return False
        self._refresh(at)
        return not self._failures

    def _of(self, kid: str | None) -> Sequence[Key]:
        if kid is None:
            return [key for alike in self._keys.values() for key in alike]
        return self._keys.get(kid) or self._keys.get(NAMELESS, ())

    def _refresh(self, at: datetime) -> None:
        try:
            self._keys = self._fetch()
        except Unavailable:
            self._asks_from = at + min(_FIRST_WAIT * 2 ** min(self._failures, 10), _LONGEST_WAIT)
            self._failures += 1
        else:
            self._failures = 0
            self._asks_from, self._fresh_until, self._good_until = at + _PAUSE, at + _FRESH, at + _GOOD


def keys_of(issuer: str) -> Keys:
    """What its discovery document names, over HTTPS, or on this machine without.

    Raises:
        IssuerSilent: it did not answer, or not with keys.
    """
    try:
        found = _document(issuer.rstrip("/") + _DISCOVERY)
        if found["issuer"] != issuer:
            raise IssuerSilent("the discovery document is another issuer's")
        keys: dict[str, list[Key]] = {}
        for key in _document(found["jwks_uri"])["keys"]:
            if _signs(key):
                keys.setdefault(key.get("kid", NAMELESS), []).append(key)
    except (OSError, http.client.HTTPException, ValueError, TypeError, LookupError, AttributeError) as error:
        raise IssuerSilent("the issuer did not answer with its keys") from error
    if not keys:
        raise IssuerSilent("the issuer told no keys")
    return keys


def is_guarded(address: SplitResult) -> bool:
    """Whether nobody on the way can answer in its place."""
    return address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOOPBACK)


def _signs(key: Mapping[str, Any]) -> bool:
    return isinstance(key.get("kid", NAMELESS), str) and key.get("kty") in ALGORITHMS and key.get("use", "sig") == "sig"


def _document(url: str) -> dict[str, Any]:
    address = urlsplit(url)
    if not is_guarded(address):
        raise IssuerSilent("keys are fetched over HTTPS alone")
    connection = connection_to(address, _PATIENCE_SECONDS)
    try:
        target = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        connection.request("GET", target, headers={"accept": "application/json"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise IssuerSilent(f"the issuer answered {response.status}")
        document: dict[str, Any] = json.loads(response.read(_LARGEST))
        return document
    finally:
        connection.close()
