"""Channels: where notifications go. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

ROTATION = timedelta(hours=24)
"""How long messages are signed with the old signing secret beside the new one."""


class ChannelType(StrEnum):
    """`WEBHOOK` is the contract's, the others are ours."""

    WEBHOOK = "WEBHOOK"
    EMAIL = "EMAIL"
    SLACK = "SLACK"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint of the caller's; what opens it, and what messages are signed with, are `Credentials`.

    Attributes:
        url: as anybody may see it: without path and query, in which many receivers want a token.
    """

    url: str


@dataclass(frozen=True, slots=True)
class Email:
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack's. Whoever knows its URL may post, so the URL is among the `Credentials`."""


Destination = Webhook | Email | Slack


def type_of(destination: Destination) -> ChannelType:
    match destination:
        case Webhook():
            return ChannelType.WEBHOOK
        case Email():
            return ChannelType.EMAIL
        case Slack():
            return ChannelType.SLACK
        case _:
            assert_never(destination)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What of a channel nobody may read in a row or a log.

    Attributes:
        signing_secret: of a webhook, as the contract writes it, with or without `whsec_`.
        previous_secret: the one before; messages are signed with it, too, until `previous_until`.
        headers: of a webhook, sent with every message.
        url: of the webhook, or of Slack's incoming one: all of it.
    """

    signing_secret: str | None = None
    previous_secret: str | None = None
    previous_until: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"

    def signing_secrets(self, at: datetime) -> tuple[str, ...]:
        """What a message sent at `at` is signed with, the current secret first."""
        was_rotated = self.previous_secret and self.previous_until and at < self.previous_until
        secrets = (self.signing_secret, self.previous_secret if was_rotated else None)
        return tuple(secret for secret in secrets if secret is not None)


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel.

    Attributes:
        disabled: nothing is sent to it.
        disabled_reason: why we disabled it; None where its owner did.
    """

    id: str
    name: str
    destination: Destination
    created_at: datetime
    updated_at: datetime
    disabled: bool = False
    disabled_reason: str | None = None
    metadata: Mapping[str, str] | None = None
    deleted_at: datetime | None = None

    @property
    def type(self) -> ChannelType:
        return type_of(self.destination)

    @property
    def is_open(self) -> bool:
        """Whether anything is sent to it."""
        return not self.disabled and self.deleted_at is None
