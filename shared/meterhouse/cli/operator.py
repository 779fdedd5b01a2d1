"""What the operator alone may do: a function of the deployment, called with AWS credentials and no API key."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from meterhouse.cli.errors import Failed, Misused, Unreachable
from meterhouse.kernel.aws_signature import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REGION, ENDPOINT = ("AWS_REGION", "AWS_DEFAULT_REGION"), "AWS_ENDPOINT_URL"
ACCESS_KEY, SECRET_KEY, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
_LONGEST_RUN_SECONDS = 900
_TRIES = 5
_WAIT_SECONDS = 2.0
_HELP = "have them in the environment: eval $(aws configure export-credentials --format env)"
_ERROR = "x-amz-function-error"
_UNAVAILABLE = '"Unavailable"'
"""The type of the error that says to try again."""


class _Away(Exception):  # noqa: N818 - named for what it is
    """No answer now; perhaps later."""


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Who calls, where."""

    region: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    endpoint: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> AwsAccess:
        """Raises Misused where credentials or a region are missing."""
        region = next((environ[name] for name in REGION if environ.get(name)), "")
        missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not environ.get(name)]
        if not region or missing:
            raise Misused(f"no AWS credentials ({', '.join(missing or REGION)}): {_HELP}")
        return cls(region, environ[ACCESS_KEY], environ[SECRET_KEY], environ.get(TOKEN), environ.get(ENDPOINT))


class Operator:
    """Functions of the deployment; one that finds a store away is asked again."""

    def __init__(self, access: AwsAccess, tell: Callable[[str], None]) -> None:
        self._access = access
        self._tell = tell
        self._url = access.endpoint or f"https://lambda.{access.region}.amazonaws.com"

    def invoke(self, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a function of ours; it must be one whose repeat does no harm.

        Raises:
            Failed: it refuses, or cannot do it however often it is tried.
            Unreachable: AWS did not answer.
        """
        for left in reversed(range(_TRIES)):
            try:
                return self._call(name, json.dumps(asked).encode())
            except _Away as away:
                if not left:
                    raise Unreachable(str(away)) from None
                self._tell(f"{away}; tried again")
                time.sleep(_WAIT_SECONDS)
        raise AssertionError("unreachable: the last try returns or raises")

    def _call(self, name: str, body: bytes) -> dict[str, Any]:
        import httpx  # noqa: PLC0415 - 150 ms of import, which help needs not wait for

        path = f"/2015-03-31/functions/meterhouse-{name}/invocations"
        headers = self._signed(path, body)
        try:
            response = httpx.post(self._url + path, content=body, headers=headers, timeout=_LONGEST_RUN_SECONDS)
        except httpx.TransportError as error:
            raise _Away(f"AWS does not answer: {error}") from error
        if response.status_code == httpx.codes.OK and _ERROR not in response.headers:
            answer: dict[str, Any] = response.json()
            return answer
        problem = f"{name} answered {response.status_code}: {response.text[:500]}"
        is_away = response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS
        raise _Away(problem) if is_away or _UNAVAILABLE in response.text else Failed(problem)

    def _signed(self, path: str, body: bytes) -> dict[str, str]:
        access, at = self._access, datetime.now(UTC)  # noqa: TID251 - the edge: the caller's own clock
        headers = {
            "host": urlsplit(self._url).netloc,
            "x-amz-date": f"{at:%Y%m%dT%H%M%SZ}",
            "x-amz-content-sha256": sha256(body).hexdigest(),
            "content-type": "application/json",
        }
        if access.token:
            headers["x-amz-security-token"] = access.token
        signature = sign(
            headers,
            body,
            service="lambda",
            region=access.region,
            access_key=access.access_key,
            secret_key=access.secret_key,
            at=at,
            path=path,
        )
        return headers | {"authorization": signature}
