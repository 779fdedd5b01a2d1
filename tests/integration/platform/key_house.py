"""Someone who manages API keys, and the door that their keys open."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from meterhouse.platform.credentials import Credential, Credentials
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.key_schema import without_secret
from meterhouse.platform.key_store import PostgresKeys
from meterhouse.platform.keys_api import key_routes
from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.namespaces import allowance_of
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.show_quota import ShowQuota
from tests.peppers import one_pepper
from tests.unit.platform.requests import CONTEXT, request

PATH = "/api/v1/api-keys"


@dataclass
class KeyHouse:
    database: Database
    namespace: str
    now: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    holder: str = "*"
    handler: HttpHandler = field(init=False)

    def __post_init__(self) -> None:
        keys = ApiKeys(begins(self.database, PostgresKeys), one_pepper, lambda: self.now)
        quota = ShowQuota(keys, partial(allowance_of, self.database), DynamoCounts())
        self.handler = http_handler(key_routes(keys, quota), database=self.database, fit_to_keep=without_secret)

    def answer(
        self, method: str, path: str = "", body: object = None, *, query: str = "", **headers: str
    ) -> dict[str, Any]:
        headers = {"content-type": "application/json", **{name.replace("_", "-"): v for name, v in headers.items()}}
        event = request(method, PATH + path, body, query=query, headers=headers, namespace=self.namespace)
        if path:
            key_id, _, action = path[1:].partition("/")
            route = f"{method} {PATH}/{{apiKeyId}}{'/' if action else ''}{action}"
            event |= {"routeKey": route, "pathParameters": {"apiKeyId": key_id}}
        event["requestContext"]["authorizer"]["lambda"]["scopes"] = self.holder
        return self.handler(event, CONTEXT)

    def ask(self, method: str, path: str = "", body: object = None, **how: str) -> tuple[int, Any]:
        answer = self.answer(method, path, body, **how)
        return int(answer["statusCode"]), json.loads(answer["body"]) if answer["body"] else None

    def make(self, **body: object) -> dict[str, Any]:
        status, key = self.ask("POST", body={"name": "ci", "role": "developer", **body})
        assert status == 201, key
        made: dict[str, Any] = key
        return made

    def door(self, text: str) -> Credential | None:
        return Credentials(self.database, one_pepper, lambda: self.now).find(text)

    def later(self, **spans: int) -> None:
        self.now += timedelta(**spans)
