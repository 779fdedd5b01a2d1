"""From a channel to whoever carries messages to channels of its type."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from meterhouse.notifications.channel import Email, Slack, Webhook
from meterhouse.notifications.endpoint import EndpointError, parse_endpoint
from meterhouse.notifications.https import CallError
from meterhouse.notifications.outcome import Outcome, answered, retry_after
from meterhouse.notifications.signature import signed_headers
from meterhouse.notifications.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from meterhouse.notifications.channel import Channel
    from meterhouse.notifications.https import Https
    from meterhouse.notifications.notification import Notification
    from meterhouse.notifications.ports import Secrets

_OURS = {"Content-Type": "application/json", "User-Agent": "Meterhouse/1 (webhooks)"}


class Posting:
    """Posts to webhooks, signed, and to Slack; `local_hosts` as in `parse_endpoint`.

    Credentials are read anew each time, so a rotated secret holds at once.
    """

    def __init__(self, https: Https, secrets: Secrets, local_hosts: Collection[str] = ()) -> None:
        self._https = https
        self._secrets = secrets
        self._local_hosts = local_hosts

    def webhook(
        self, namespace: str, channel: Channel, shown: str, notification: Notification, at: datetime
    ) -> Outcome:
        """Raises `Unavailable` where the credentials cannot be read, the URL among them; of that `shown` is told."""
        credentials, body = self._secrets.of(namespace, channel.id), notification.payload.encode()
        signed = signed_headers(notification.id, at, body, credentials.signing_secrets(at))
        headers = {**credentials.headers, **_OURS, **signed}
        return self._post(credentials.url or "", headers, body, at, shown=shown)

    def slack(self, namespace: str, channel: Channel, notification: Notification, at: datetime) -> Outcome:
        """Raises as `webhook` does. Whoever knows the URL may post there: it is kept out of what is shown."""
        url = self._secrets.of(namespace, channel.id).url or ""
        return self._post(url, _OURS, slack_body(notification), at, shown="")

    def _post(self, url: str, headers: Mapping[str, str], body: bytes, at: datetime, *, shown: str) -> Outcome:
        try:
            answer = self._https.post(parse_endpoint(url, self._local_hosts), headers, body)
        except EndpointError as error:
            return Outcome(f"the URL {error}", timedelta(), url=shown)
        except CallError as error:
            return Outcome(error.fault, error.took, url=shown)
        asked = retry_after(answer.retry_after, at)
        return answered(answer.status, answer.body, took=answer.took, url=shown, retry_after=asked)


class Senders:
    """`meterhouse.notifications.sending_ports.Sender`; `mail` sends to recipients and raises `Unavailable`."""

    def __init__(self, posting: Posting, mail: Callable[[Sequence[str], Notification], Outcome]) -> None:
        self._posting = posting
        self._mail = mail

    def send(self, namespace: str, channel: Channel, notification: Notification, at: datetime) -> Outcome:
        match channel.destination:
            case Webhook(shown):
                return self._posting.webhook(namespace, channel, shown, notification, at)
            case Slack():
                return self._posting.slack(namespace, channel, notification, at)
            case Email(recipients):
                return self._mail(recipients, notification)
            case _:
                assert_never(channel.destination)


def slack_body(notification: Notification) -> bytes:
    """Blocks of plain text: Slack reads no markup in them, whatever a customer is called."""
    text = text_of(notification)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(text.title, 150), "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": _cut(text.body, 3000), "emoji": False}},
    ]
    fallback = text.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": fallback, "blocks": blocks}).encode()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
