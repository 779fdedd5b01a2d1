"""The functions of notifications: managing channels and rules, and holding rules against what happens."""

from __future__ import annotations

from infra.function_spec import CHANNEL_SECRETS, CHANNEL_SECRETS_WRITER, HTTPS, POSTGRES, SES, FunctionSpec

_API = "/api/v1/notification"

NOTIFICATIONS = (
    FunctionSpec(
        "manage_notifications",
        (POSTGRES, CHANNEL_SECRETS, CHANNEL_SECRETS_WRITER),
        routes=(
            f"GET {_API}/channels",
            f"POST {_API}/channels",
            f"GET {_API}/channels/{{channelId}}",
            f"PUT {_API}/channels/{{channelId}}",
            f"DELETE {_API}/channels/{{channelId}}",
            f"POST {_API}/channels/{{channelId}}/rotate-secret",
            f"GET {_API}/rules",
            f"POST {_API}/rules",
            f"GET {_API}/rules/{{ruleId}}",
            f"PUT {_API}/rules/{{ruleId}}",
            f"DELETE {_API}/rules/{{ruleId}}",
            f"POST {_API}/rules/{{ruleId}}/test",
            f"GET {_API}/events",
            f"GET {_API}/events/{{eventId}}",
            f"POST {_API}/events/{{eventId}}/resend",
        ),
        memory=1024,
    ),
)

SENDER = FunctionSpec(
    "deliver_webhook",
    (POSTGRES, CHANNEL_SECRETS, HTTPS, SES),
    rate="rate(1 minute)",
    timeout=75,
    memory=1024,
)
"""New messages come by the queue; every minute it looks for what is to be tried again."""

CALLS_RECEIVERS = ("manage_notifications", SENDER.name)
"""Who knows which hosts may be called."""

RULES_WORKER = FunctionSpec("raise_notifications", (POSTGRES,), timeout=60, memory=1024)

FORGETS = FunctionSpec("forget_notifications", (POSTGRES,), rate="rate(1 day)", timeout=900, concurrency=1)
