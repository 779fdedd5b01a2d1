"""Who asks by a portal token, as the authorizer tells the routes of the portal: what it puts in stands here, too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterhouse.kernel.errors import Forbidden, Unauthenticated
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.portal.model import PortalToken, Scope

_ROUTES = "/api/v1/portal/"
_OF_OPERATORS = "/api/v1/portal/tokens"


@dataclass(frozen=True, slots=True)
class Caller:
    """The namespace and the token that the request was let in by; `rate` as limits are told of."""

    namespace: str
    token: PortalToken
    rate: str = ""

    @property
    def scope(self) -> Scope:
        return self.token.scope

    def customer(self) -> str:
        """The id of the customer that is shown.

        Raises:
            Forbidden: the token is a subject's, and shows its usage alone.
        """
        if self.scope.customer_id is None:
            raise Forbidden("this token shows the usage of one subject; bills belong to its customer")
        return self.scope.customer_id


def is_portal_route(event: Mapping[str, Any]) -> bool:
    """Whether an authorizer's event is about a route that portal tokens open: those that manage tokens are not."""
    _, _, path = str(event.get("routeKey") or "").partition(" ")
    return path.startswith(_ROUTES) and not path.startswith(_OF_OPERATORS)


def context_of(caller: Caller | None) -> dict[str, str]:
    """What the authorizer tells of the caller; of none nothing, and then no route of the portal answers."""
    if caller is None:
        return {}
    token, scope = caller.token, caller.scope
    return {
        "namespace": caller.namespace,
        "scopes": "portal",
        "portalToken": token.id,
        "portalRate": caller.rate,
        "portalSubject": scope.subject,
        "portalCustomer": scope.customer_id or "",
        "portalMeters": "" if scope.meters is None else json.dumps(scope.meters),
        "portalFrom": format_rfc3339(token.created_at),
        "portalTo": format_rfc3339(token.expires_at),
    }


def caller_of(event: Mapping[str, Any]) -> Caller:
    """Who asks.

    Raises:
        Unauthenticated: nobody whose token is known, not expired and not invalidated.
    """
    told = event.get("requestContext", {}).get("authorizer", {}).get("lambda") or {}
    if not told.get("portalToken"):
        raise Unauthenticated("the portal token is unknown, has expired or was invalidated")
    meters = tuple(json.loads(told["portalMeters"])) if told["portalMeters"] else None
    scope = Scope(told["portalSubject"], told["portalCustomer"] or None, meters)
    since, until = parse_rfc3339(told["portalFrom"]), parse_rfc3339(told["portalTo"])
    return Caller(told["namespace"], PortalToken(told["portalToken"], scope, since, until))
