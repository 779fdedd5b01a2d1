"""Namespaces in which billing writes nothing, by the deployment's own list; what is read there is read as ever.

Requests are refused at the edge of every function, by what their routes write; work of our own passes by (`pass_by`).
"""

from collections.abc import Iterable

from meterhouse.kernel.errors import Forbidden
from meterhouse.platform.access import route_scopes
from meterhouse.platform.settings import optional

LOCKED = "BILLING_LOCKED_NAMESPACES"
"""The variable: names, divided by commas."""
_SCOPE = "billing:write"
_CALLBACKS = "/api/v1/apps/custom-invoicing/"
"""What a system of the caller's own says of invoices moves them, under the scope of apps."""


def locked_namespaces() -> frozenset[str]:
    return frozenset(name for part in optional(LOCKED, "").split(",") if (name := part.strip()))


def writes_billing(route: str) -> bool:
    """Whether a route ("METHOD /path") writes what billing keeps: profiles, invoices, notes, credit."""
    return route_scopes().get(route) == _SCOPE or route.partition(" ")[2].startswith(_CALLBACKS)


def refuse_locked(namespace: str, locked: Iterable[str]) -> None:
    """For what writes billing.

    Raises:
        Forbidden: `billing_locked`: the namespace is one of `locked`.
    """
    if namespace in locked:
        message = f"billing of the namespace {namespace} is locked by the operator, and nothing of it written"
        raise Forbidden(message, "billing_locked")
