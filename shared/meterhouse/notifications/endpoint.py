"""The URL of a receiver: what it must look like, and what of it is used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from meterhouse.notifications.addresses import may_be_called

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_URL = 2048
_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[!-~]+")
# the last label of a name is never a number: `127.1`, `0x7f.1` and `2130706433` are addresses to some resolvers
_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)


class EndpointError(ValueError):
    """The URL cannot be one of a receiver; `code` and the sentence say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect, and what to ask for there.

    Attributes:
        host: a name, or an address without brackets, in lower case.
        target: path and query as they were written.
        is_local: one of the hosts that the deployment lets be called wherever they are.
    """

    scheme: str
    host: str
    port: int
    target: str
    is_local: bool = False

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_endpoint(url: str, local_hosts: Collection[str] = ()) -> Endpoint:
    """The receiver that a URL names, if nothing in it is odd.

    A name is ASCII: rules of translating others differ, and one of them would send to another host than was meant.
    `local_hosts` may be plain HTTP, on any port and on addresses that are not public. To all others the way is open
    on port 443 alone (`infra/network.py`).

    Raises:
        EndpointError: the URL is not of the form `https://host[:443]/path?query`, or its host may not be called.
    """
    if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise EndpointError("url", f"must be at most {LONGEST_URL} visible ASCII characters, and no backslash")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise EndpointError("url", "is no URL: its host or port cannot be read") from error
    if "@" in parts.netloc:
        raise EndpointError("url_userinfo", "must not hold a user or password; use a header")
    if "#" in url:
        raise EndpointError("url_fragment", "must not hold a fragment, which is never sent")
    is_local = host in local_hosts
    if parts.scheme not in (_PORTS if is_local else ("https",)):
        raise EndpointError("url_scheme", "must begin with https://")
    _check_host(host, parts.netloc, is_local=is_local)
    number = _PORTS[parts.scheme] if port is None else port
    if parts.netloc.endswith(":") or not (number >= 1 if is_local else number == _PORTS["https"]):
        raise EndpointError("url_port", "must have port 443, or none: messages go to no other")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, number, target, is_local)


def without_target(url: str) -> str:
    """What of a URL is no secret: path and query may hold a token. "" where it is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if parts.path in {"", "/"} and not parts.query else f"{origin}/…"


def _check_host(host: str, netloc: str, *, is_local: bool) -> None:
    if is_local:
        return
    try:
        address = IPv6Address(host) if netloc.startswith("[") else IPv4Address(host)
    except AddressValueError:
        if netloc.startswith("[") or not _NAME.fullmatch(host):
            message = "must name a public host, in ASCII (xn--…), without a dot at its end"
            raise EndpointError("url_host", message) from None
        return
    if not may_be_called(address):
        raise EndpointError("url_address", f"must not name {address}, which is no address of the public internet")
