"""Channels on the wire: the contract's webhook, and types of our own beside it."""

import json
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field, StringConstraints

from meterhouse.notifications.channel import Channel, ChannelType, Credentials, Email, Slack, Webhook
from meterhouse.notifications.channel_rules import MOST_RECIPIENTS, ChannelSpec
from meterhouse.notifications.channels import ShownChannel
from meterhouse.notifications.endpoint import without_target
from meterhouse.platform.wire import Flag, Metadata, Name, Resource, Wire

SigningSecret = Annotated[str, StringConstraints(pattern=r"^(whsec_)?[a-zA-Z0-9+/=]{32,100}$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
Address = Annotated[str, StringConstraints(min_length=3, max_length=320)]
Annotations = dict[str, Any]


class _ChannelCreate(Wire):
    name: Name
    disabled: Flag = False
    metadata: Metadata | None = None


class NotificationChannelWebhookCreateRequest(_ChannelCreate):
    type: Literal["WEBHOOK"]
    url: Url = Field(repr=False)
    custom_headers: dict[str, str] | None = Field(default=None, repr=False)
    signing_secret: SigningSecret | None = Field(default=None, repr=False)


class NotificationChannelEmailCreateRequest(_ChannelCreate):
    type: Literal["EMAIL"]
    recipients: Annotated[list[Address], Field(min_length=1, max_length=MOST_RECIPIENTS)]


class NotificationChannelSlackCreateRequest(_ChannelCreate):
    type: Literal["SLACK"]
    url: Url = Field(repr=False)


NotificationChannelCreateRequest = Annotated[
    NotificationChannelWebhookCreateRequest
    | NotificationChannelEmailCreateRequest
    | NotificationChannelSlackCreateRequest,
    Field(discriminator="type"),
]


class RotateSecretRequest(Wire):
    """Without a secret one is made."""

    signing_secret: SigningSecret | None = Field(default=None, repr=False)


class _ChannelFields(Resource):
    name: Name
    disabled: bool
    annotations: Annotations | None = None
    metadata: Metadata | None = None


class NotificationChannelWebhook(_ChannelFields):
    """`signingSecret`, `customHeaders`, path and query of `url` are told of one channel at a time, not in lists."""

    type: Literal["WEBHOOK"]
    url: str
    custom_headers: dict[str, str] | None = None
    signing_secret: SigningSecret | None = None


class NotificationChannelEmail(_ChannelFields):
    """`url` is for clients that know webhooks alone, and ask for one: `mailto:…`."""

    type: Literal["EMAIL"]
    url: str
    recipients: list[Address]


class NotificationChannelSlack(_ChannelFields):
    """`url` is a credential: "" in lists."""

    type: Literal["SLACK"]
    url: str


NotificationChannel = Annotated[
    NotificationChannelWebhook | NotificationChannelEmail | NotificationChannelSlack, Field(discriminator="type")
]


def channel_spec(
    wire: NotificationChannelWebhookCreateRequest
    | NotificationChannelEmailCreateRequest
    | NotificationChannelSlackCreateRequest,
) -> ChannelSpec:
    if isinstance(wire, NotificationChannelEmailCreateRequest):
        return ChannelSpec(wire.name, Email(tuple(wire.recipients)), wire.disabled, wire.metadata)
    if isinstance(wire, NotificationChannelSlackCreateRequest):
        return ChannelSpec(wire.name, Slack(), wire.disabled, wire.metadata, url=wire.url)
    return ChannelSpec(
        wire.name,
        Webhook(without_target(wire.url)),
        wire.disabled,
        wire.metadata,
        signing_secret=wire.signing_secret,
        headers=wire.custom_headers or {},
        url=wire.url,
    )


def channel_wire(
    shown: ShownChannel,
) -> NotificationChannelWebhook | NotificationChannelEmail | NotificationChannelSlack:
    fields = _fields(shown.channel)
    kept = shown.credentials or Credentials()
    match shown.channel.destination:
        case Webhook(url):
            return NotificationChannelWebhook(
                **fields,
                type="WEBHOOK",
                url=kept.url or url,
                custom_headers=dict(kept.headers) or None,
                signing_secret=kept.signing_secret,
            )
        case Email(recipients):
            addresses = ",".join(recipients)
            return NotificationChannelEmail(
                **fields, type="EMAIL", url=f"mailto:{addresses}", recipients=list(recipients)
            )
        case Slack():
            return NotificationChannelSlack(**fields, type="SLACK", url=kept.url or "")
        case _:
            assert_never(shown.channel.destination)


def without_credentials(body: str) -> str:
    """The answer of any of the room's POSTs, as it may stand in a row."""
    answer = json.loads(body) if body else {}
    if "signingSecret" in answer or "customHeaders" in answer or answer.get("type") == ChannelType.SLACK:
        hidden = {"signingSecret", "customHeaders"}
        kept = {name: value for name, value in answer.items() if name not in hidden}
        return json.dumps(kept | {"url": "" if answer["type"] == ChannelType.SLACK else without_target(answer["url"])})
    return body


def _fields(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "disabled": channel.disabled,
        "annotations": {"disabledReason": channel.disabled_reason} if channel.disabled_reason else None,
        "metadata": None if channel.metadata is None else dict(channel.metadata),
        "created_at": channel.created_at,
        "updated_at": channel.updated_at,
        "deleted_at": channel.deleted_at,
    }
