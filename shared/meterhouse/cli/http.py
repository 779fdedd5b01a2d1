"""The deployed endpoint, over HTTP."""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from meterhouse.cli.errors import Failed, Misused, Refused, Unreachable
from meterhouse.client.json_text import read_json, write_json
from meterhouse.client.problem import read_refusal
from meterhouse.client.retry import is_retried, wait_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from meterhouse.cli.settings import Settings

BATCH = "application/cloudevents-batch+json"
_SECONDS = 60
_SUCCESS = range(200, 300)
_PAGE = 1000
_LEVEL = 6
STRANGER = "is this the address of a Meterhouse endpoint?"
Document = dict[str, Any]
Query = Mapping[str, str | int | list[str] | None]


def path_of(*parts: str) -> str:
    """`/api/v1/…` with every part quoted whole.

    Raises:
        Misused: a part would lead to another path.
    """
    if stray := [part for part in parts if part in {"", ".", ".."}]:
        raise Misused(f"{stray[0]!r} names nothing")
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


class Endpoint:
    """One deployment, as one API key sees it. A request that meets a busy server, or none, is tried again."""

    def __init__(self, settings: Settings, retries: int, tell: Callable[[str], None]) -> None:
        import httpx  # noqa: PLC0415 - 150 ms of import, which help needs not wait for

        self._retries = retries
        self._tell = tell
        self._lost, self._not_sent = httpx.TransportError, (httpx.ConnectError, httpx.ConnectTimeout)
        self._client = httpx.Client(
            base_url=settings.url, headers={"authorization": f"Bearer {settings.api_key}"}, timeout=_SECONDS
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, query: Query | None = None) -> Document:
        return _thing(self._get(path, query))

    def post(self, path: str, body: object = None, *, repeatable: bool = False) -> Document:
        return _thing(self._document(self._send("POST", path, repeatable=repeatable, **_json(body))))

    def put(self, path: str, body: object) -> Document:
        return _thing(self._document(self._send("PUT", path, **_json(body))))

    def items(self, path: str) -> list[Any]:
        """A list that comes whole."""
        return _items(self._get(path))

    def delete(self, path: str) -> None:
        self._send("DELETE", path, repeatable=False)

    def csv(self, path: str, body: object) -> str:
        """The CSV answer to a question that is posted."""
        request = _json(body)
        return self._send("POST", path, **request | {"headers": request["headers"] | {"accept": "text/csv"}}).text

    def ingest(self, events: bytes) -> None:
        """Send a JSON array of events; their identities make a repeat harmless."""
        headers = {"content-type": BATCH, "content-encoding": "gzip"}
        self._send("POST", path_of("events"), headers=headers, content=gzip.compress(events, _LEVEL, mtime=0))

    def pages(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """Every item of a list by page number, bare or in an envelope."""
        page, full = 1, True
        while full:
            items = _items(self._get(path, {**(query or {}), "page": page, "pageSize": _PAGE}))
            yield from items
            page, full = page + 1, len(items) == _PAGE

    def follow(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """Every item of a list by cursor."""
        cursor: str | None = ""
        while cursor is not None:
            answer = self.get(path, {**(query or {}), "cursor": cursor or None})
            yield from _items(answer)
            cursor = answer.get("nextCursor")

    def first(self, path: str, limit: int, query: Query | None = None, *, page: int = 100) -> list[Any]:
        """At most `limit` items of a list by cursor, asked for by `page` at most; however large `limit` is."""
        asked = {**(query or {}), "limit": min(limit, page)}
        return [item for _, item in zip(range(limit), self.follow(path, asked), strict=False)]

    def _get(self, path: str, query: Query | None = None) -> Any:  # noqa: ANN401 - JSON
        return self._document(self._send("GET", path, params=_given(query or {})))

    def _send(self, method: str, path: str, *, repeatable: bool = True, **request: Any) -> httpx.Response:  # noqa: ANN401
        """Answer of a success.

        Raises:
            Refused: any other answer.
            Unreachable: no answer.
        """
        attempt = 0
        while True:
            is_last = attempt >= self._retries
            headers: Mapping[str, str] = {}
            try:
                answer = self._client.request(method, path, **request)
            except self._lost as error:
                reason = str(error) or type(error).__name__
                sent = not isinstance(error, self._not_sent)
                if is_last or (sent and not repeatable):
                    raise self._unreachable(reason, sent=sent) from None
            else:
                if is_last or not is_retried(answer.status_code, repeatable=repeatable):
                    return _success(answer)
                reason, headers = f"answered {answer.status_code}", answer.headers
            wait = wait_seconds(attempt, headers)
            self._tell(f"{self._client.base_url.host}: {reason}; trying again in {wait:g} s")
            time.sleep(wait)
            attempt += 1

    def _unreachable(self, reason: str, *, sent: bool) -> Unreachable:
        doubt = "; whether the request was carried out is not known" if sent else ""
        return Unreachable(f"no answer from {str(self._client.base_url).rstrip('/')}: {reason}{doubt}")

    def _document(self, answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
        try:
            return read_json(answer.text) if answer.content else None
        except ValueError:
            raise Failed(f"the answer is no JSON: {STRANGER}") from None


def _success(answer: httpx.Response) -> httpx.Response:
    if answer.status_code not in _SUCCESS:
        raise Refused(read_refusal(answer.status_code, answer.text))
    return answer


def _items(answer: object) -> list[Any]:
    items = answer.get("items") if isinstance(answer, dict) else answer
    if not isinstance(items, list):
        raise Failed(f"the answer is no list: {STRANGER}")
    return items


def _thing(answer: object) -> Document:
    if not isinstance(answer, dict):
        raise Failed(f"the answer is no object: {STRANGER}")
    return answer


def _json(body: object) -> dict[str, Any]:
    if body is None:
        return {"headers": {}}
    return {"headers": {"content-type": "application/json"}, "content": write_json(body).encode()}


def _given(query: Query) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in (None, [])}
