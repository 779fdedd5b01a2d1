"""API keys: random text of which only a peppered hash is kept."""

import hashlib
import hmac
import secrets

_PREFIX = "mh_"


def new_key(prefix: str = _PREFIX) -> str:
    """256 random bits behind a prefix that secret scanners can recognise."""
    return prefix + secrets.token_urlsafe(32)


def key_hash(key: str, pepper: str) -> str:
    """HMAC-SHA-256 of the key, in hex. The lookup goes by this hash, so no comparison runs over the key itself."""
    return hmac.new(pepper.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer …` header, or None."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
