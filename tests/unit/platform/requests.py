"""HTTP API events (payload 2.0) as API Gateway makes them."""

import json
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from meterhouse.platform.access import route_scopes

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

CONTEXT = cast(
    "LambdaContext",
    SimpleNamespace(
        function_name="test", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="invocation-1"
    ),
)


def matched(method: str, path: str) -> dict[str, Any]:
    """`route` and `parameters` of a request as the gateway matches them: whole names go before parameters."""
    routes = sorted((route.partition(" ")[2] for route in route_scopes() if route.startswith(f"{method} ")), key=_names)
    for route in routes:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route))
        if found := re.fullmatch(pattern, path):
            return {"route": route, "parameters": found.groupdict() or None}
    return {}


def _names(route: str) -> int:
    return route.count("{")


def request(
    method: str,
    path: str,
    body: object = None,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    namespace: str = "default",
    route: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A request as the authorizer let it through; `route` and `parameters` as the gateway matched them."""
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {
        "version": "2.0",
        "routeKey": f"{method} {route or path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json"} if headers is None else dict(headers),
        "pathParameters": None if parameters is None else dict(parameters),
        "requestContext": {
            "requestId": "request-1",
            "stage": "$default",
            "http": {"method": method, "path": path},
            "authorizer": {"lambda": {"namespace": namespace, "scopes": "*", "keyId": "key-1"}},
        },
        "body": text,
        "isBase64Encoded": False,
    }
