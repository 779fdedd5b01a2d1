"""A plain HTTP client of the deployed API: what any customer of ours could write."""

import http.client
import json
import threading
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from meterhouse.platform.ids import new_id

_ATTEMPTS = 8
_RETRIED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Refused(Exception):  # noqa: N818 - named for what happened
    """The API answered with a status that was not hoped for."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


class Client:
    """One connection a thread; a request that met a busy or starting server is repeated, as ids and keys allow."""

    def __init__(self, url: str, api_key: str) -> None:
        self._address = urlsplit(url)
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._local = threading.local()

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        return self._call("GET", path + (f"?{urlencode(query, doseq=True)}" if query else ""))

    def post(self, path: str, body: object, content_type: str = "application/json") -> Any:  # noqa: ANN401 - JSON
        return self._call("POST", path, json.dumps(body).encode(), content_type)

    def create(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Create what is not there yet; None when it was there already."""
        try:
            return self.post(path, body)
        except Refused as refusal:
            if refusal.status == HTTPStatus.CONFLICT:
                return None
            raise

    def close(self) -> None:
        """Close the connection of the calling thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()

    def _call(self, method: str, path: str, body: bytes | None = None, content_type: str | None = None) -> Any:  # noqa: ANN401 - JSON
        headers = self._headers | ({"content-type": content_type} if content_type else {})
        if method == "POST":
            headers["idempotency-key"] = new_id()
        status, text = 0, ""
        for attempt in range(_ATTEMPTS):
            try:
                status, text = self._send(method, path, body, headers)
            except OSError as error:
                self.close()
                self._local.connection = None
                status, text = 0, str(error)
            if status and status not in _RETRIED:
                break
            time.sleep(0.2 * 2**attempt)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(status, text)
        return json.loads(text) if text else None

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address.netloc, timeout=60)
            self._local.connection = connection
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
