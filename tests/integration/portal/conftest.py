"""The portal through its composed functions on the real stores; who presents a token is found as in production."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.show_portal import handler as showing
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, begins
from meterhouse.portal.caller import context_of
from meterhouse.portal.model import TokenSpec
from meterhouse.portal.postgres import portal_store
from meterhouse.portal.presented import PresentedTokens
from meterhouse.portal.token_api import token_routes
from meterhouse.portal.tokens import PortalTokens
from tests.integration.billing.conftest import Run, house, run
from tests.integration.metering.house import House, call
from tests.peppers import one_pepper
from tests.unit.billing.samples import NOW, metered, tiers
from tests.unit.platform.requests import CONTEXT, matched, request
from tests.unit.subscriptions.samples import at, fee

__all__ = ["house", "run"]
PORTAL = "/api/v1/portal"
TOKENS = f"{PORTAL}/tokens"
JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


@dataclass
class Portal:
    """Tokens of a namespace at `now`, and what they show."""

    database: Database
    namespace: str
    now: datetime = NOW
    is_limited: bool = False
    """Whether requests are counted, which takes a table in DynamoDB."""
    tokens: PortalTokens = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = PortalTokens(begins(self.database, portal_store), one_pepper, lambda: self.now)

    def token(self, subject: str, **spec: Any) -> str:
        return self.tokens.create(self.namespace, TokenSpec(subject, **spec)).text

    def manage(self, method: str, path: str, body: object = None, *, query: str = "") -> tuple[int, Any]:
        """As who has an API key of the namespace."""
        event = request(method, path, body, query=query, namespace=self.namespace)
        answer = http_handler(token_routes(self.tokens))(event, CONTEXT)
        return int(answer["statusCode"]), json.loads(answer["body"]) if answer["body"] else None

    def ask(self, token: str, path: str, query: str = "", accept: str = "application/json") -> dict[str, Any]:
        caller = PresentedTokens(self.database, one_pepper, lambda: self.now).find(token)
        found = matched("GET", f"{PORTAL}{path}")
        event = request("GET", f"{PORTAL}{path}", query=query, headers={"accept": accept}, **found)
        told = {name: text for name, text in context_of(caller).items() if name != "portalRate" or self.is_limited}
        event["requestContext"]["authorizer"]["lambda"] = told
        return showing.handler(event, CONTEXT)

    def get(self, token: str, path: str, query: str = "") -> tuple[int, Any]:
        answer = self.ask(token, path, query)
        return int(answer["statusCode"]), json.loads(answer["body"], parse_float=Decimal)

    def ok(self, token: str, path: str, query: str = "") -> Any:
        status, answer = self.get(token, path, query)
        assert status == 200, answer
        return answer


@pytest.fixture
def portal(database: Database, run: Run, composed: Callable[..., None]) -> Portal:
    composed(showing)
    return Portal(database, run.namespace)


@pytest.fixture
def billed(run: Run, house: House, portal: Portal) -> Portal:
    """January of Ann, with two subjects, and of Bob, billed: the meter m0 counts both."""
    house.clock = NOW - timedelta(hours=1)
    run.subscribe(run.customer("ann", subject_keys=("ann-1",)), fee(), metered("eu", tiers()))
    run.subscribe(run.customer("bob"), fee(), metered("eu", tiers()))
    house.sink(
        call("1", "7.5", JANUARY, "ann", region="de"),
        call("2", 4, FEBRUARY - timedelta(microseconds=1), "ann-1", region="fr"),
        call("3", "0.123456789012345678", JANUARY + timedelta(hours=3), "ann", region="de"),
        call("4", 1000, JANUARY, "bob", region="de"),
    )
    run.all()
    return portal
