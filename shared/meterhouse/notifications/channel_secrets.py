"""Credentials of channels, read from AWS Secrets Manager."""

import json
from collections.abc import Mapping

from meterhouse.kernel.instant import parse_rfc3339
from meterhouse.notifications.channel import Credentials
from meterhouse.platform.kept_secrets import KeptSecrets

PREFIX = "CHANNEL_SECRETS_PREFIX"


class ChannelSecrets:
    """`meterhouse.notifications.ports.Secrets`."""

    def __init__(self) -> None:
        self._kept = KeptSecrets(PREFIX)

    def of(self, namespace: str, channel_id: str) -> Credentials:
        return _read(self._kept.of(namespace, channel_id))


def _read(kept: Mapping[str, str]) -> Credentials:
    until = kept.get("previousUntil")
    return Credentials(
        signing_secret=kept.get("signingSecret"),
        previous_secret=kept.get("previousSecret"),
        previous_until=None if until is None else parse_rfc3339(until),
        headers=json.loads(kept.get("headers", "{}")),
        url=kept.get("url"),
    )
