"""The official SDK makes portal tokens and asks by them, in the namespace of `test_sdk_coverage`: meter `bytes`."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
from corehttp.exceptions import HttpResponseError
from openmeter import Client

from tests.e2e.sdk_operations import Recorded

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
JANUARY = (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 2, 1, tzinfo=dt.UTC))


def shown_by(sdk: Recorded, token: str) -> Recorded:
    """The SDK as who has the token alone; what it calls counts as called."""
    return Recorded(Client(endpoint=sdk.client._config.endpoint, token=token).portal, sdk.called)


def refusal(call: Callable[..., object], *arguments: object) -> int:
    with pytest.raises(HttpResponseError) as refused:
        call(*arguments)
    return int(refused.value.status_code or 0)


def create(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.portal_tokens.create({"subject": "app", "allowedMeterSlugs": ["bytes"]})
    assert (made.subject, made.allowed_meter_slugs, made.expired) == ("app", ["bytes"], False)
    assert made.expires_at - made.created_at == dt.timedelta(hours=1)
    # a token opens the portal and nothing else, not even the making of tokens; an API key does not open the portal
    asking = Client(endpoint=sdk.client._config.endpoint, token=made.token)
    assert refusal(asking.meters.list) == 403
    assert refusal(asking.portal.portal_tokens.list) == 403
    assert refusal(sdk.client.portal.portal_meters.query_json, "bytes") == 401


def list_(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.portal_tokens.create({"subject": "listed"})
    [found] = [one for one in sdk.portal_tokens.list(limit=100) if one.subject == "listed"]
    assert (found.id, found.token) == (made.id, None)


def invalidate(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.portal_tokens.create({"subject": "device"})
    asking = shown_by(sdk, made.token)
    assert asking.portal_meters.query_json("bytes").data
    sdk.portal_tokens.invalidate(id=made.id)
    assert refusal(asking.portal_meters.query_json, "bytes") == 401


def query_json(sdk: Sdk, _eventually: Eventually) -> None:
    device = shown_by(sdk, sdk.portal_tokens.create({"subject": "device"}).token)
    span: dict[str, Any] = {"from_parameter": JANUARY[0], "to": JANUARY[1]}
    told = device.portal_meters.query_json("bytes", window_size="MONTH", group_by=["path"], **span)
    assert [(row.subject, row.value, row.group_by["path"]) for row in told.data] == [("device", 2, "/b")]
    app = shown_by(sdk, sdk.portal_tokens.create({"subject": "app"}).token)
    assert [row.value for row in app.portal_meters.query_json("bytes", **span).data] == [3]
    only_a = app.portal_meters.query_json("bytes", filter_group_by={"path": "/a"}, **span)
    assert [row.value for row in only_a.data] == [1]


def query_csv(sdk: Sdk, _eventually: Eventually) -> None:
    token = sdk.portal_tokens.create({"subject": "device"}).token
    text = shown_by(sdk, token).portal_meters.query_csv("bytes", from_parameter=JANUARY[0], to=JANUARY[1])
    assert [line.rsplit(",", 1)[-1] for line in text.splitlines()] == ["value", "2"]
    _asks_from_another_origin(sdk.client._config.endpoint, token)


def _asks_from_another_origin(url: str, token: str) -> None:
    """As a browser does for a front end of the customer's own: it asks first, and reads even a refusal."""
    origin = {"Origin": "https://app.example.com"}
    wish = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    path = f"{url}/api/v1/portal/session"
    with urlopen(Request(path, headers=origin | wish, method="OPTIONS")) as answer:  # noqa: S310 - of the stack
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    with urlopen(Request(path, headers=origin | {"Authorization": f"Bearer {token}"})) as answer:  # noqa: S310 - as above
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert json.load(answer)["subject"] == "device"


PORTAL = {
    "portal_tokens.create": create,
    "portal_tokens.list": list_,
    "portal_tokens.invalidate": invalidate,
    "portal_meters.query_json": query_json,
    "portal_meters.query_csv": query_csv,
}
