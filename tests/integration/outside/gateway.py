"""The house as an address that `requests` speaks to: between them what the gateway of AWS does to a request."""

import base64
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from meterhouse.portal.caller import is_portal_route
from tests.integration.tenancy.house import House, answered
from tests.unit.platform.requests import matched, request

ADDRESS = "http://house"
_AS_TEXT = ("application/json", "text/", "application/javascript", "application/xml")
_UNKNOWN_ROUTE = 404, {"content-type": "application/json"}, b'{"message":"Not Found"}'


def session_of(house: House) -> requests.Session:
    """For requests to `ADDRESS`: they are the house's."""
    session = requests.Session()
    session.mount(ADDRESS, _Gateway(house))
    return session


class _Gateway(HTTPAdapter):
    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        event = _event(request, self._house)
        status, headers, content = _UNKNOWN_ROUTE if event is None else _answer(event)
        answer = HTTPResponse(BytesIO(content), headers, status, preload_content=False)
        return self.build_response(request, answer)


def _event(asked: requests.PreparedRequest, house: House) -> dict[str, Any] | None:
    """The request in payload 2.0; None where no route is like it. Parameters are decoded, slashes and all."""
    url, method = urlsplit(str(asked.url)), str(asked.method)
    found = matched(method, url.path)
    if not found:
        return None
    parameters = {name: unquote(value) for name, value in (found["parameters"] or {}).items()}
    headers = {name.lower(): _text(value) for name, value in asked.headers.items()}
    event = request(
        method,
        unquote(url.path),
        query=url.query,
        headers=headers,
        namespace=house.namespace,
        route=found["route"],
        parameters=parameters or None,
    )
    if is_portal_route(event):
        event["requestContext"]["authorizer"]["lambda"] = house.portal_context()
    return event | _body(asked.body, headers.get("content-type", ""))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _body(sent: Any, media_type: str) -> dict[str, Any]:
    content = sent.encode() if isinstance(sent, str) else bytes(sent or b"")
    if media_type.startswith(_AS_TEXT):
        return {"body": content.decode(errors="replace") or None, "isBase64Encoded": False}
    return {"body": base64.b64encode(content).decode() or None, "isBase64Encoded": bool(content)}


def _answer(event: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
    answer = answered(event["routeKey"], event)
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return int(answer["statusCode"]), dict(_headers(answer)), content


def _headers(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from (answer.get("headers") or {}).items()
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        yield name, ", ".join(values)
