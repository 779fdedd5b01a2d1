"""The official SDK manages channels and rules and tries them out, in the namespace of `test_sdk_coverage`.

What may be of several types this version of the SDK leaves as it is on the wire.
"""

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError

from meterhouse.platform import clock

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
THRESHOLD = "entitlements.balance.threshold"


def webhook(sdk: Sdk, name: str, **fields: Any) -> Any:
    body = {"type": "WEBHOOK", "name": name, "url": "https://receiver.invalid/hook"}
    return sdk.notification_channels.create(body | fields)


def low(sdk: Sdk, name: str, **fields: Any) -> Any:
    """A rule of half of what is granted, with a channel of its own."""
    body = {"type": THRESHOLD, "name": name, "thresholds": [{"type": "usage_percentage", "value": 50}]}
    return sdk.notification_rules.create(body | {"channels": [webhook(sdk, name)["id"]]} | fields)


def create_channel(sdk: Sdk, _eventually: Eventually) -> None:
    made = webhook(sdk, "made", signingSecret=SECRET, customHeaders={"X-Team": "a"}, metadata={"a": "b"})
    assert (made["signingSecret"], made["customHeaders"], made["disabled"]) == (SECRET, {"X-Team": "a"}, False)
    with pytest.raises(HttpResponseError) as refused:
        webhook(sdk, "inside", url="https://169.254.169.254/latest")
    assert refused.value.status_code == HTTPStatus.BAD_REQUEST


def get_channel(sdk: Sdk, _eventually: Eventually) -> None:
    made = webhook(sdk, "got")
    assert sdk.notification_channels.get(made["id"])["signingSecret"] == made["signingSecret"]


def list_channels(sdk: Sdk, _eventually: Eventually) -> None:
    mail = {"type": "EMAIL", "name": "mail", "recipients": ["ops@example.com"], "disabled": True}
    made = sdk.notification_channels.create(mail)
    page = sdk.notification_channels.list(
        include_deleted=True, include_disabled=True, page=1, page_size=1000, order="DESC", order_by="createdAt"
    )
    assert next(one["url"] for one in page.items_property if one["id"] == made["id"]) == "mailto:ops@example.com"


def update_channel(sdk: Sdk, _eventually: Eventually) -> None:
    made = webhook(sdk, "old")
    body = {"type": "WEBHOOK", "name": "new", "url": "https://other.invalid", "signingSecret": SECRET}
    changed = sdk.notification_channels.update(made["id"], body)
    assert (changed["name"], changed["url"], changed["signingSecret"]) == ("new", "https://other.invalid", SECRET)


def delete_channel(sdk: Sdk, _eventually: Eventually) -> None:
    rule = low(sdk, "in_the_way")
    [channel] = rule["channels"]
    with pytest.raises(HttpResponseError) as refused:
        sdk.notification_channels.delete(channel["id"])
    assert refused.value.status_code == HTTPStatus.CONFLICT
    sdk.notification_rules.delete(rule["id"])
    sdk.notification_channels.delete(channel["id"])
    assert sdk.notification_channels.get(channel["id"])["deletedAt"]


def create_rule(sdk: Sdk, _eventually: Eventually) -> None:
    channel = webhook(sdk, "for_all")
    for kind in ("entitlements.reset", "invoice.created", "invoice.updated"):
        made = sdk.notification_rules.create({"type": kind, "name": kind, "channels": [channel["id"]]})
        assert (made["type"], made["channels"]) == (kind, [{"id": channel["id"], "type": "WEBHOOK"}])
        sdk.notification_rules.delete(made["id"])


def get_rule(sdk: Sdk, _eventually: Eventually) -> None:
    made = low(sdk, "got")
    assert sdk.notification_rules.get(made["id"]) == made


def list_rules(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.features.create({"key": "listed_rule", "name": "F", "meterSlug": "bytes"})
    made = low(sdk, "listed", features=["listed_rule"], disabled=True)
    page = sdk.notification_rules.list(
        include_deleted=True,
        include_disabled=True,
        feature=["listed_rule", "no_other"],
        channel=[made["channels"][0]["id"]],
        page=1,
        page_size=10,
        order="DESC",
        order_by="updatedAt",
    )
    assert ([one["id"] for one in page.items_property], page.total_count) == ([made["id"]], 1)


def update_rule(sdk: Sdk, _eventually: Eventually) -> None:
    made = low(sdk, "before")
    body = {"type": THRESHOLD, "name": "after", "thresholds": [{"type": "balance_value", "value": 1.5}]}
    changed = sdk.notification_rules.update(made["id"], body | {"channels": [made["channels"][0]["id"]]})
    assert (changed["name"], changed["thresholds"]) == ("after", [{"type": "balance_value", "value": 1.5}])


def delete_rule(sdk: Sdk, _eventually: Eventually) -> None:
    made = low(sdk, "deleted")
    sdk.notification_rules.delete(made["id"])
    assert sdk.notification_rules.get(made["id"])["deletedAt"]


def try_rule(sdk: Sdk, _eventually: Eventually) -> None:
    made = low(sdk, "tried")
    tried = sdk.notification_rules.test(made["id"])
    assert (tried.type, tried.rule["id"]) == (THRESHOLD, made["id"])
    assert tried.payload["data"]["threshold"] == made["thresholds"][0]


def list_events(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.features.create({"key": "watched", "name": "F", "meterSlug": "bytes"})
    made = low(sdk, "watched", features=["watched"])
    tried = sdk.notification_rules.test(made["id"])
    page = sdk.notification_events.list(
        from_parameter=clock.now() - dt.timedelta(hours=1),
        to=clock.now() + dt.timedelta(hours=1),
        feature=["watched", "no_other"],
        subject=["sample_customer"],
        rule=[made["id"]],
        channel=[made["channels"][0]["id"]],
        page=1,
        page_size=10,
        order="DESC",
        order_by="createdAt",
    )
    [told] = page.items_property
    assert (told.id, told.payload, told.delivery_status[0].channel.id) == (
        tried.id,
        tried.payload,
        made["channels"][0]["id"],
    )


def get_event(sdk: Sdk, _eventually: Eventually) -> None:
    tried = sdk.notification_rules.test(low(sdk, "seen")["id"])
    assert sdk.notification_events.get(tried.id).payload == tried.payload


def resend_event(sdk: Sdk, _eventually: Eventually) -> None:
    rule = low(sdk, "resent")
    tried = sdk.notification_rules.test(rule["id"])
    sdk.notification_events.resend(tried.id, {"channels": [rule["channels"][0]["id"]]})
    sdk.notification_events.resend(tried.id, {})
    [status] = sdk.notification_events.get(tried.id).delivery_status
    assert status.next_attempt


NOTIFICATIONS = {
    "notification_channels.create": create_channel,
    "notification_channels.get": get_channel,
    "notification_channels.list": list_channels,
    "notification_channels.update": update_channel,
    "notification_channels.delete": delete_channel,
    "notification_rules.create": create_rule,
    "notification_rules.get": get_rule,
    "notification_rules.list": list_rules,
    "notification_rules.update": update_rule,
    "notification_rules.delete": delete_rule,
    "notification_rules.test": try_rule,
    "notification_events.list": list_events,
    "notification_events.get": get_event,
    "notification_events.resend": resend_event,
}
