"""Bad weather on demand: the next requests that match are answered 403, 429 or 500, or lose their answer on the way."""

import re
from dataclasses import dataclass, field
from typing import Literal

from localstack.stripe.errors import Refusal

Kind = Literal["403", "429", "500", "500_kept", "500_after", "lost_before", "lost_after"]
"""`403`: the key is restricted, and this is not among what it may. `…_after`: the work is done, and the caller does not
hear of it. `lost_…`: the connection ends without an answer.

`500_kept` and `500_after` are kept under the request's idempotency key, as Stripe keeps what failed at work.
"""


class Lost(Exception):  # noqa: N818 - what happens to the answer
    """The connection is to be closed without an answer."""


@dataclass
class Storm:
    kind: Kind
    method: str = ".*"
    path: str = ".*"
    skip: int = 0
    times: int = 1


@dataclass
class Weather:
    storms: list[Storm] = field(default_factory=list)

    def strike(self, method: str, path: str) -> Kind | None:
        """What happens to this request, used up by being asked for."""
        for storm in self.storms:
            if not re.fullmatch(storm.method, method) or not re.fullmatch(storm.path, path):
                continue
            if storm.skip:
                storm.skip -= 1
            elif storm.times:
                storm.times -= 1
                return storm.kind
        return None


def before(kind: Kind | None) -> None:
    """Raises what keeps the request from being worked on."""
    if kind == "403":
        raise Refusal(403, "invalid_request_error", "The provided key does not have the required permissions")
    if kind == "429":
        raise Refusal(429, "invalid_request_error", "Too many requests", code="rate_limit")
    if kind == "500":
        raise broken()
    if kind == "lost_before":
        raise Lost


def after(kind: Kind | None) -> None:
    """Raises what keeps the answer from being heard."""
    if kind == "lost_after":
        raise Lost


def broken() -> Refusal:
    return Refusal(500, "api_error", "An unknown error occurred")
