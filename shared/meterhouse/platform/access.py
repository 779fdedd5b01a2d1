"""What a caller may do: scopes, the roles that are made of them, and which scope opens which route.

The table stands in `route_scopes.txt`; the edge of every function asks here, so that no route can forget to.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from meterhouse.kernel.errors import Forbidden, Unauthenticated, Unavailable
from meterhouse.kernel.instant import parse_rfc3339

EVERYTHING = "*"
"""Every scope, later ones too."""
OPEN, PORTAL = "open", "portal"
"""What opens a route that asks for no credential, and one that portal tokens open: neither is given to a key."""
_REMEMBERED_SECONDS = 60
"""By the gateway, of what the authorizer said."""
_TABLE = Path(__file__).with_name("route_scopes.txt")
_OF_FINANCE = {"apps:write", "billing:write", "customers:write", "subscriptions:write"}
_OF_DEVELOPERS = {
    "catalog:write",
    "customers:write",
    "entitlements:write",
    "events:write",
    "meters:write",
    "notifications:write",
    "portal-tokens:write",
    "subscriptions:write",
}


@cache
def route_scopes() -> Mapping[str, str]:
    """By "METHOD /path" as the gateway names routes."""
    lines = (line.split() for line in _TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {f"{method} {path}": scope for scope, method, path in lines}


@cache
def scopes() -> frozenset[str]:
    """All that a key may be given one by one."""
    return frozenset(route_scopes().values()) - {OPEN, PORTAL}


@cache
def roles() -> Mapping[str, frozenset[str]]:
    """Scopes by role. The audit log is read by owners and finance, keys by owners and developers."""
    reads = {scope for scope in scopes() if scope.endswith(":read")}
    return {
        "owner": frozenset({EVERYTHING}),
        "finance": frozenset(reads - {"keys:read"} | _OF_FINANCE),
        "developer": frozenset(reads - {"audit:read"} | _OF_DEVELOPERS),
        "read-only": frozenset(reads - {"keys:read", "audit:read"}),
    }


def scopes_of(role: str | None, single: Iterable[str]) -> frozenset[str]:
    """What a role gives, or where there is none what was given one by one; a role that is gone gives nothing."""
    return frozenset(single) if role is None else roles().get(role, frozenset())


def missing_scope(route: str, granted: Iterable[str]) -> str | None:
    """The scope that `route` needs and is not among these; None where they open it. What is in no table stays shut."""
    held = set(granted)
    if EVERYTHING in held:
        return None
    needed = route_scopes().get(route, EVERYTHING)
    return None if needed == OPEN or needed in held else needed


def covers(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether who holds `granted` may hand on `wanted`."""
    held = set(granted)
    return EVERYTHING in held or held >= set(wanted)


def told_of(event: Mapping[str, Any]) -> Mapping[str, str]:
    """What the authorizer tells of the caller; nothing of one it does not know, or was not asked about."""
    told: Mapping[str, str] = event["requestContext"].get("authorizer", {}).get("lambda") or {}
    return told


def check_access(event: Mapping[str, Any], at: datetime) -> None:
    """Whether the caller may use the route. One of whom nothing is told is left to the route, which knows no namespace.

    Raises:
        Unauthenticated: its token is none, or its credential expired since the gateway asked about it.
        Unavailable: nobody can tell, now; the gateway remembers that for a minute.
        Forbidden: it lacks the scope, which is named.
    """
    told = told_of(event)
    if not told:
        return
    if "refused" in told:
        raise Unauthenticated(told["refused"], "invalid_token")
    if "unknowable" in told:
        raise Unavailable(told["unknowable"], _REMEMBERED_SECONDS)
    if told.get("expiresAt") and parse_rfc3339(told["expiresAt"]) <= at:
        raise Unauthenticated("the credential has expired", "invalid_token")
    lacking = missing_scope(str(event.get("routeKey", "")), told.get("scopes", "").split())
    if lacking is not None:
        raise Forbidden(f"this needs the scope {lacking}, which the credential lacks", "missing_scope", lacking)
