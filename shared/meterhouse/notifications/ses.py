"""Messages by e-mail, through Amazon SES."""

from __future__ import annotations

import http.client
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from meterhouse.notifications.outcome import Outcome, answered, kept
from meterhouse.notifications.texts import text_of
from meterhouse.platform import aws
from meterhouse.platform.logging import logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meterhouse.notifications.notification import Notification

SENDER = "NOTIFICATIONS_EMAIL_FROM"
_PATH = "/v2/email/outbound-emails"
NO_SENDER = "this deployment has no address to send from (its flag notificationsEmailFrom)"


class Mailing:
    """Mails from one address; "": from none, and every attempt says so."""

    def __init__(self, sender: str) -> None:
        self._sender = sender

    def __call__(self, recipients: Sequence[str], notification: Notification) -> Outcome:
        """One attempt. What SES takes is sent as far as we can tell: bounces come to the sender's address.

        Raises:
            Unavailable: SES did not answer.
        """
        if not self._sender:
            return Outcome(NO_SENDER, timedelta())
        started = time.monotonic()
        body = json.dumps(_mail(self._sender, recipients, notification)).encode()
        headers = {"content-type": "application/json"}
        answer = aws.send(aws.endpoint("email"), "ses", "POST", _PATH, headers, body)
        took = timedelta(seconds=time.monotonic() - started)
        if answer.status == http.client.FORBIDDEN:
            # names our account and role, which are no caller's business
            logger.error("SES does not let us send", extra={"answer": kept(answer.body)})
        is_shown = answer.status not in (http.client.OK, http.client.FORBIDDEN)
        return answered(answer.status, answer.body if is_shown else b"", took=took)


def _mail(sender: str, recipients: Sequence[str], notification: Notification) -> dict[str, object]:
    text = text_of(notification)
    content = {
        "Subject": {"Data": text.title, "Charset": "UTF-8"},
        "Body": {"Text": {"Data": text.body, "Charset": "UTF-8"}},
        "Headers": [{"Name": "X-Meterhouse-Event", "Value": notification.id}],
    }
    return {
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": list(recipients)},
        "Content": {"Simple": content},
    }
