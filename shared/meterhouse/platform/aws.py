"""AWS's services by one signed HTTPS call.

boto3 costs 400-550 ms of import at every cold start; the calls made here (a secret's value, events to a bus, a
workflow's start, an object) need one request each.
"""

import http.client
import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from meterhouse.kernel.aws_signature import sign
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import clock
from meterhouse.platform.outgoing import connection_to
from meterhouse.platform.settings import optional, required

_TIMEOUT_SECONDS = 10


class Refused(Unavailable):
    """The service answered, and not with what was asked for; `code` is its name for the reason."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.code = code


class Answer(NamedTuple):
    status: int
    body: bytes


def call(
    service: str, target: str, payload: Mapping[str, Any], version: str = "1.1", timeout: float = _TIMEOUT_SECONDS
) -> dict[str, Any]:
    """Call `target` (such as `secretsmanager.GetSecretValue`) of a service that speaks JSON in this `version`.

    Raises:
        Refused: the service answered with an error.
        Unavailable: it did not answer.
    """
    headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}
    answer = send(endpoint(service), service, "POST", "/", headers, json.dumps(payload).encode(), timeout=timeout)
    if answer.status != http.client.OK:
        raise Refused(f"{target} answered {answer.status}", _code(answer.body))
    result: dict[str, Any] = json.loads(answer.body)
    return result


def endpoint(host: str) -> str:
    """Where a service is; `host` is what its name begins with in this region."""
    return optional("AWS_ENDPOINT_URL", f"https://{host}.{required('AWS_REGION')}.amazonaws.com")


def send(
    url: str,
    service: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    query: Mapping[str, str] | None = None,
    timeout: float = _TIMEOUT_SECONDS,
) -> Answer:
    """One signed request; `path` is percent-encoded, `headers` are lower-case.

    Raises:
        Unavailable: the service did not answer.
    """
    address, at = urlsplit(url), clock.now()
    asked = urlencode(sorted((query or {}).items()), quote_via=quote, safe="-_.~")
    signed = {**headers, "host": address.netloc, "x-amz-date": f"{at:%Y%m%dT%H%M%SZ}"}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        signed["x-amz-security-token"] = token
    signed["authorization"] = sign(
        signed,
        body,
        service=service,
        region=required("AWS_REGION"),
        access_key=required("AWS_ACCESS_KEY_ID"),
        secret_key=required("AWS_SECRET_ACCESS_KEY"),
        at=at,
        method=method,
        path=path,
        query=asked,
    )
    connection = connection_to(address, timeout)
    try:
        connection.request(method, f"{path}?{asked}" if asked else path, body, signed)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{headers.get('x-amz-target', service)} did not answer") from error
    finally:
        connection.close()


def _code(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["__type"]).rpartition("#")[2]
    except (ValueError, TypeError, KeyError):
        return ""


@cache
def secret(arn: str) -> dict[str, str]:
    """A Secrets Manager secret that holds a JSON object of strings; read once in a process's life."""
    return secret_now(arn)


def secret_now(arn: str) -> dict[str, str]:
    """The same as it is now."""
    answer = call("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": arn})
    value: dict[str, str] = json.loads(answer["SecretString"])
    return value


def forget_secrets() -> None:
    """Read secrets again at their next use: what they opened refuses us, so they may have changed."""
    secret.cache_clear()
