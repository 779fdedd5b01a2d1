"""A few of AWS's JSON calls on the loopback interface: secrets, an event bus, and CloudFormation's answer URL."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.json_server import JsonHandler, serving


@dataclass
class AwsDouble:
    """What it serves and what it was told."""

    url: str = ""
    secrets: dict[str, Mapping[str, str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    """What each token has put."""
    refused: int = 0
    """How many of the next call's events the bus refuses."""

    def answer(self, target: str, payload: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if target == "secretsmanager.GetSecretValue":
            found = self.secrets.get(payload["SecretId"])
            return (400, {}) if found is None else (200, {"SecretString": json.dumps(found)})
        if target == "secretsmanager.PutSecretValue":
            value = payload["SecretString"]
            if self.tokens.setdefault(payload["ClientRequestToken"], value) != value:
                return 400, {"__type": "ResourceExistsException"}
            self.secrets[payload["SecretId"]] = json.loads(value)
            return 200, {}
        assert target == "AWSEvents.PutEvents"
        self.events += payload["Entries"]
        refused = [{"ErrorCode": "InternalFailure"}] * self.refused
        taken = [{"EventId": "x"}] * (len(payload["Entries"]) - self.refused)
        return 200, {"FailedEntryCount": self.refused, "Entries": refused + taken}


@contextmanager
def running_aws_double() -> Iterator[AwsDouble]:
    double = AwsDouble()

    class Handler(JsonHandler):
        def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send(*double.answer(self.headers["x-amz-target"], json.loads(body)))

        def do_PUT(self) -> None:  # noqa: N802 - as http.server calls it
            double.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            double.content_types.append(self.headers.get("content-type"))
            self.send(200, {})

    with serving(Handler) as double.url:
        yield double
