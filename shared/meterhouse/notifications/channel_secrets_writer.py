"""Credentials of channels, written to AWS Secrets Manager by the function that manages channels, and by no other."""

import json
from collections.abc import Mapping

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.notifications.channel import Credentials
from meterhouse.notifications.channel_secrets import PREFIX
from meterhouse.platform.kept_secrets import KeptSecretsWriter


class ChannelSecretsWriter:
    """`meterhouse.notifications.ports.SecretKeeper`."""

    def __init__(self) -> None:
        self._kept = KeptSecretsWriter(PREFIX)

    def keep(self, namespace: str, channel_id: str, credentials: Credentials) -> None:
        self._kept.keep(namespace, channel_id, _written(credentials))

    def forget(self, namespace: str, channel_id: str) -> None:
        self._kept.forget(namespace, channel_id)


def _written(credentials: Credentials) -> Mapping[str, str]:
    until = credentials.previous_until
    kept = {
        "signingSecret": credentials.signing_secret,
        "previousSecret": credentials.previous_secret,
        "previousUntil": None if until is None else format_rfc3339(until),
        "headers": json.dumps(dict(credentials.headers)),
        "url": credentials.url,
    }
    return {name: value for name, value in kept.items() if value is not None}
