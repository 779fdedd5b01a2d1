"""Namespaces of a measurement's own on the local stack that is up, opened as an operator would."""

import json
from collections.abc import Mapping
from typing import Any

from localstack.aws import aws_client


def issued_key(settings: Mapping[str, str], namespace: str) -> str:
    """A key that may do everything in this namespace, which is opened where it is new."""
    key: str = _invoke(settings, "issue_api_key", {"namespace": namespace, "name": "bench"})["key"]
    return key


def limit(settings: Mapping[str, str], namespace: str, requests_per_second: int, burst: int) -> None:
    """Opens the namespace where it is new, and bounds all its keys together."""
    rate = {"requestsPerSecond": requests_per_second, "burst": burst}
    _invoke(settings, "open_namespace", {"namespace": namespace, "rateLimit": rate})


def _invoke(settings: Mapping[str, str], function: str, order: Mapping[str, Any]) -> Any:
    payload = json.dumps(order).encode()
    answer = aws_client("lambda", settings).invoke(FunctionName=f"meterhouse-{function}", Payload=payload)
    return json.loads(answer["Payload"].read())
