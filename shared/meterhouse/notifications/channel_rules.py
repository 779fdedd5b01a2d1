"""What a channel must be like; every fault with its code and JSON pointer. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.notifications.channel import ROTATION, Channel, Credentials, Destination, Email, Slack, Webhook, type_of
from meterhouse.notifications.custom_headers import header_problems
from meterhouse.notifications.endpoint import EndpointError, parse_endpoint
from meterhouse.notifications.signature import signing_key

MOST_RECIPIENTS = 50
_ADDRESS = re.compile(r"[!#$%&'*+/=?^_`{|}~0-9A-Za-z.-]{1,64}@(?=.{1,253}$)(?:[0-9A-Za-z-]{1,63}\.)+[A-Za-z]{2,63}")


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """What a caller says of a channel; the whole of it is replaced by an update.

    Attributes:
        signing_secret: of a webhook; None: the one it has, or a new one.
        headers: of a webhook.
        url: of the webhook, or of Slack's incoming one.
    """

    name: str
    destination: Destination
    disabled: bool = False
    metadata: Mapping[str, str] | None = None
    signing_secret: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None

    def check(self, local_hosts: Collection[str] = ()) -> None:
        """Refuse what nothing could be sent to; `local_hosts` as in `parse_endpoint`.

        Raises:
            InvalidInput: all faults.
        """
        found = list(_problems(self, local_hosts))
        if found:
            raise InvalidInput("nothing could be sent to such a channel", found)

    def credentials(self, before: Credentials, new_secret: str, now: datetime) -> Credentials:
        """What is kept of the channel: a signing secret in place of another leaves that one valid for a while."""
        if not isinstance(self.destination, Webhook):
            return Credentials(url=self.url)
        changed = replace(before, headers=self.headers, url=self.url)
        if before.signing_secret is None:
            return replace(changed, signing_secret=self.signing_secret or new_secret)
        if self.signing_secret in (None, before.signing_secret):
            return changed
        return replace(
            changed,
            signing_secret=self.signing_secret,
            previous_secret=before.signing_secret,
            previous_until=now + ROTATION,
        )

    def changed(self, before: Channel, now: datetime) -> Channel:
        """The channel as its owner wants it; what was disabled by us is his to enable again.

        Raises:
            InvalidInput: it is of another type.
        """
        if type_of(self.destination) is not before.type:
            message = f"the channel is of type {before.type.value}, for good"
            raise InvalidInput(message, [Problem("/type", "channel_type", message)])
        return replace(
            before,
            name=self.name,
            destination=self.destination,
            disabled=self.disabled,
            disabled_reason=before.disabled_reason if self.disabled else None,
            metadata=self.metadata,
            updated_at=now,
        )


def rotated(channel: Channel, kept: Credentials, secret: str) -> ChannelSpec:
    """The webhook as it is, with another signing secret.

    Raises:
        InvalidInput: it is no webhook, or no receiver could verify with the secret.
    """
    problems = list(_secret_problems(secret))
    if not isinstance(channel.destination, Webhook):
        message = f"a channel of type {channel.type.value} signs nothing"
        problems.append(Problem("", "channel_type", message))
    if problems:
        raise InvalidInput("the secret cannot be rotated", problems)
    return ChannelSpec(
        channel.name,
        channel.destination,
        channel.disabled,
        channel.metadata,
        signing_secret=secret,
        headers=kept.headers,
        url=kept.url,
    )


def _problems(spec: ChannelSpec, local_hosts: Collection[str]) -> Iterator[Problem]:
    match spec.destination:
        case Email(recipients):
            yield from _address_problems(recipients)
        case Slack():
            yield from _url_problems(spec.url or "", local_hosts)
        case Webhook():
            yield from _url_problems(spec.url or "", local_hosts)
            yield from header_problems(spec.headers, "/customHeaders")
            yield from _secret_problems(spec.signing_secret)


def _url_problems(url: str, local_hosts: Collection[str]) -> Iterator[Problem]:
    try:
        parse_endpoint(url, local_hosts)
    except EndpointError as error:
        yield Problem("/url", error.code, str(error))


def _secret_problems(secret: str | None) -> Iterator[Problem]:
    try:
        if secret is not None:
            signing_key(secret)
    except ValueError as error:
        yield Problem("/signingSecret", "signing_secret", str(error))


def _address_problems(recipients: Sequence[str]) -> Iterator[Problem]:
    for index, address in enumerate(recipients):
        if not _ADDRESS.fullmatch(address):
            yield Problem(f"/recipients/{index}", "email_address", "must be an address such as ops@example.com")
        elif address in recipients[:index]:
            yield Problem(f"/recipients/{index}", "recipient_twice", "is named before")
