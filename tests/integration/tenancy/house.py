"""All functions that answer requests, in one process, behind the route table that the gateway has."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from importlib import import_module
from itertools import count
from typing import Any
from urllib.parse import urlencode

from infra.functions import FUNCTIONS
from meterhouse.platform import clock
from meterhouse.platform.ids import new_id
from meterhouse.portal.caller import Caller, context_of, is_portal_route
from meterhouse.portal.model import PortalToken, Scope
from tests.unit.platform.requests import CONTEXT, request

ROUTES: Mapping[str, str] = {route: spec.name for spec in FUNCTIONS for route in spec.routes}
"""The function of each route, such as "GET /api/v1/customers/{customerIdOrKey}"."""

Answer = tuple[int, Any]
_ATTEMPTS = 3


class House:
    """Asks as one namespace; the gateway's authorizer said so."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.good_bodies: dict[str, object] = {}
        """What was last made by each route."""
        self._asked = count()
        self._shown = ""

    def shows(self, customer_id: str) -> None:
        """The portal's routes are asked with a token of this customer from now on."""
        self._shown = customer_id

    def ask(self, route: str, parameters: Mapping[str, str] | None = None, body: object = None, **query: str) -> Answer:
        method, template = route.split()
        path = re.sub(r"{(\w+)}", lambda found: (parameters or {})[found[1]], template)
        event = request(
            method,
            path,
            body,
            query=urlencode(query),
            headers={"content-type": "application/json", "idempotency-key": f"{self.namespace}-{next(self._asked)}"},
            namespace=self.namespace,
            route=template,
            parameters=parameters or None,
        )
        if is_portal_route(event):
            event["requestContext"]["authorizer"]["lambda"] = self.portal_context()
        answer = answered(route, event)
        text = answer.get("body") or "null"
        is_json = "json" in str(answer.get("headers") or answer.get("multiValueHeaders") or "")
        return answer["statusCode"], json.loads(text) if is_json else text

    def made(self, route: str, parameters: Mapping[str, str] | None = None, body: object = None) -> Any:
        status, answer = self.ask(route, parameters, body)
        assert status < 300, (route, status, answer)
        self.good_bodies[route] = body
        return answer

    def portal_context(self) -> dict[str, str]:
        now = clock.now()
        token = PortalToken(new_id(), Scope("mine", self._shown, None), now, now + timedelta(hours=1))
        return context_of(Caller(self.namespace, token))


def answered(route: str, event: Mapping[str, Any]) -> Any:
    """What the route's function says; a busy machine's 503 asks to try again, as clients do."""
    answer = None
    for _ in range(_ATTEMPTS):
        answer = _handler(ROUTES[route])(event, CONTEXT)
        if answer["statusCode"] != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return answer


@cache
def _handler(function: str) -> Any:
    return import_module(f"functions.{function}.handler").handler
