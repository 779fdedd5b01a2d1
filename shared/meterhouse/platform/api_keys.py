"""API keys: random text of which only a peppered hash is kept."""

import hashlib
import hmac
import secrets

_PREFIX = "mh_"
_SHOWN = 8
_LONG = 40
"""Characters of a key of which some may be shown: more than 160 random bits are left."""


def new_key(prefix: str = _PREFIX) -> str:
    """256 random bits behind a prefix that secret scanners can recognise."""
    return prefix + secrets.token_urlsafe(32)


def is_key(text: str) -> bool:
    """Whether it has the prefix that every key has which was made here."""
    return text.startswith(_PREFIX)


def hint_of(key: str) -> str:
    """The beginning of a key, by which its holder knows it again; nothing of a short one, which would be half told."""
    prefix = _PREFIX if is_key(key) else ""
    return key[: len(prefix) + _SHOWN] if len(key) >= _LONG else ""


def key_hash(key: str, pepper: str) -> str:
    """HMAC-SHA-256 of the key, in hex. The lookup goes by this hash, so no comparison runs over the key itself."""
    return hmac.new(pepper.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer …` header, or None."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
