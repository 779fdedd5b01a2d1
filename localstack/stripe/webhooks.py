"""Webhook endpoints, and events on their way to them: signed, once or often, in any order."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from localstack.stripe.account import Account, Obj, listed
from localstack.stripe.errors import invalid
from localstack.stripe.form import flag, required

MOST_ENDPOINTS = 16
_TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class Signed:
    """An event as it is posted: to `url`, with `header` as its Stripe-Signature."""

    url: str
    payload: str
    header: str


def create_endpoint(account: Account, form: Obj) -> Obj:
    url, events = _url(form), form.get("enabled_events") or []
    if not events:
        raise invalid("Missing required param: enabled_events.", "parameter_missing", "enabled_events")
    if len(account.of("webhook_endpoint")) >= MOST_ENDPOINTS:
        raise invalid(f"You have reached the maximum of {MOST_ENDPOINTS} test webhook endpoints.")
    made = account.add(
        "webhook_endpoint",
        "we",
        url=url,
        enabled_events=list(events),
        status="enabled",
        api_version=form.get("api_version"),
        application=None,
        description=form.get("description"),
        metadata=form.get("metadata") or {},
    )
    made["double_secret"] = f"whsec_{made['id']}"
    return made | {"secret": made["double_secret"]}


def get_endpoint(account: Account, _form: Obj, name: str) -> Obj:
    return account.get("webhook_endpoint", name)


def list_endpoints(account: Account, form: Obj) -> Obj:
    return listed(list(reversed(account.of("webhook_endpoint").values())), form, "/v1/webhook_endpoints")


def update_endpoint(account: Account, form: Obj, name: str) -> Obj:
    """Its version and its secret stay what they are."""
    found = account.get("webhook_endpoint", name)
    if "url" in form:
        found["url"] = _url(form)
    if form.get("enabled_events"):
        found["enabled_events"] = list(form["enabled_events"])
    if "disabled" in form:
        found["status"] = "disabled" if flag(form, "disabled") else "enabled"
    return found


def delete_endpoint(account: Account, _form: Obj, name: str) -> Obj:
    account.get("webhook_endpoint", name)
    del account.of("webhook_endpoint")[name]
    return {"id": name, "object": "webhook_endpoint", "deleted": True}


def list_events(account: Account, form: Obj) -> Obj:
    rows = [row for row in reversed(account.events) if form.get("type") in (None, row["type"])]
    return listed(rows, form, "/v1/events")


def signed(account: Account, event: Obj, at: int | None = None) -> list[Signed]:
    """The event for every endpoint that asked for it, signed at `at`, by default now."""
    stamp, payload = account.instant() if at is None else at, json.dumps(public(event))
    found = []
    for endpoint in account.of("webhook_endpoint").values():
        if endpoint["status"] != "enabled":
            continue
        if not {"*", event["type"]} & set(endpoint["enabled_events"]):
            continue
        digest = hmac.new(endpoint["double_secret"].encode(), f"{stamp}.{payload}".encode(), hashlib.sha256)
        found.append(Signed(endpoint["url"], payload, f"t={stamp},v1={digest.hexdigest()}"))
    return found


def deliver(account: Account, events: Sequence[Obj]) -> list[int]:
    """Post these events in this order; an event given twice goes out twice. The statuses, 0 where nobody answered."""
    with account.lock:
        posts = [post for event in events for post in signed(account, event)]
    return [_post(one) for one in posts]


def _url(form: Obj) -> str:
    url = required(form, "url")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise invalid(f"Invalid URL: {url}", "url_invalid", "url")
    return url


def public(document: Mapping[str, object]) -> Obj:
    """An answer without the double's own notes on it."""
    return {name: _public(part) for name, part in document.items() if not name.startswith("double_")}


def _public(value: object) -> object:
    if isinstance(value, dict):
        return public(value)
    return [_public(part) for part in value] if isinstance(value, list) else value


def _post(one: Signed) -> int:
    """A name below `.localhost` is this machine, whatever the resolver thinks."""
    target = urlsplit(one.url)
    host = "127.0.0.1" if (target.hostname or "").endswith("localhost") else target.hostname or ""
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, target.port, timeout=_TIMEOUT)
    headers = {"Host": target.netloc, "Content-Type": "application/json", "Stripe-Signature": one.header}
    try:
        connection.request("POST", target.path, one.payload.encode(), headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
