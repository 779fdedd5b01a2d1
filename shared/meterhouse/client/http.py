"""The endpoint, over the standard library's HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from meterhouse.client.address import is_address, is_key

if TYPE_CHECKING:
    from collections.abc import Mapping


class NoAnswer(Exception):  # noqa: N818 - named for what happened
    """No answer, or half of one: whether the request was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class _NoRedirects(HTTPRedirectHandler):
    """The key is sent to the address that was given, and to no other."""

    def redirect_request(self, *_: object) -> None:
        return None


class Endpoint:
    def __init__(self, url: str, api_key: str) -> None:
        """One deployment, as one API key sees it.

        Raises:
            ValueError: an address or a key that cannot be one.
        """
        if not is_address(url):
            raise ValueError(f"{url!r} is no address: http:// or https:// and a host, no query")
        if not is_key(api_key):
            raise ValueError("the API key holds characters that no header can carry")
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {api_key}", "user-agent": "meterhouse-client"}
        self._opener = build_opener(_NoRedirects)

    def post(self, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Raises: NoAnswer."""
        return self._answer(Request(self._url + path, body, {**self._headers, **headers}, method="POST"), timeout)  # noqa: S310 - http and https alone, see above

    def get(self, path: str, timeout: float) -> Answer:
        """Raises: NoAnswer."""
        return self._answer(Request(self._url + path, headers=self._headers), timeout)  # noqa: S310 - as above

    def _answer(self, request: Request, timeout: float) -> Answer:
        try:
            try:
                answer = self._opener.open(request, timeout=timeout)
            except HTTPError as refused:
                answer = refused
            with answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, headers, answer.read())
        except (OSError, HTTPException, ValueError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from None
