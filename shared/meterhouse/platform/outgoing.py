"""Connections to servers beyond our own stores, by the standard library: a client's import would cost more."""

import http.client
import ssl
from functools import cache
from urllib.parse import SplitResult


def connection_to(address: SplitResult, timeout: float) -> http.client.HTTPConnection:
    """Not yet open; it follows no redirect."""
    if address.scheme == "https":
        return http.client.HTTPSConnection(address.netloc, timeout=timeout, context=trusted())
    return http.client.HTTPConnection(address.netloc, timeout=timeout)


@cache
def trusted() -> ssl.SSLContext:
    """Whom HTTPS trusts, read once in a process's life: it takes 30 ms."""
    return ssl.create_default_context()
