"""What a deployment reads in the claims of a token whose signature is right: who it is, where, as what, until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from meterhouse.kernel.errors import Unauthenticated
from meterhouse.platform.access import scopes_of

LEEWAY = timedelta(seconds=30)
"""By how much the issuer's clock may differ from ours."""
_LONGEST = timedelta(days=1)
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a deployment believes. All people are of one `namespace`, or of that which their `namespace_claim` names."""

    issuer: str
    audiences: tuple[str, ...]
    role_claim: str
    namespace: str = ""
    namespace_claim: str = ""

    def namespace_in(self, claims: Mapping[str, Any]) -> str:
        """The namespace of a token.

        Raises:
            Unauthenticated: it names none, or several.
        """
        if self.namespace:
            return self.namespace
        named = _texts(_claim(claims, self.namespace_claim))
        if len(named) != 1:
            raise Unauthenticated("the token names no namespace, or several")
        return named[0]

    def scopes_in(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """What the roles of a token open together; roles of other systems open nothing."""
        named = _texts(_claim(claims, self.role_claim))
        return frozenset(scope for role in named for scope in scopes_of(role, ()))


def subject_in(claims: Mapping[str, Any]) -> str:
    """Who it is, by the issuer's name for it, which goes into the audit log.

    Raises:
        Unauthenticated: it is no plain text.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise Unauthenticated("the token's subject is no plain text")
    return subject


def good_until(claims: Mapping[str, Any], at: datetime) -> datetime:
    """From when the token is over, the leeway included; asked again within a day at the latest.

    Raises:
        Unauthenticated: it is over, or not yet good, or does not say.
    """
    now, leeway = at.timestamp(), LEEWAY.total_seconds()
    if now >= _seconds(claims, "exp") + leeway:
        raise Unauthenticated("the token has expired")
    if now < _seconds(claims, "iat") - leeway or ("nbf" in claims and now < _seconds(claims, "nbf") - leeway):
        raise Unauthenticated("the token is not good yet")
    seconds = min(_seconds(claims, "exp") + leeway, (at + _LONGEST).timestamp())
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise Unauthenticated(f"the token has no {name}")
    return value


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """By its whole name (issuers use URLs), or else by a path such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _texts(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
