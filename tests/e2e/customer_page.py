"""A customer with three months behind it, for whoever looks at its page: usage, a plan, invoices, credit."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from tests.e2e.drive_subscription_addons import on_sale

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
MODELS = ("claude-sonnet-4-5", "gpt-5-mini", "gemini-2.5-flash")
EVIL = "<img src=x onerror=\"document.title='owned'\">"
"""A subject's name, which a page must show and never read as markup."""
METERS: tuple[dict[str, Any], ...] = (
    {"slug": "requests", "name": "Requests", "aggregation": "COUNT"},
    {"slug": "tokens", "name": "Tokens", "aggregation": "SUM", "valueProperty": "$.tokens"},
    {"slug": "largest_prompt", "name": "Largest prompt", "aggregation": "MAX", "valueProperty": "$.tokens"},
)


@dataclass(frozen=True, slots=True)
class House:
    """A namespace of the deployed stack, by its key."""

    url: str
    key: str
    sdk: Sdk

    def post(self, path: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = Request(f"{self.url}{path}", json.dumps(body).encode(), headers, method="POST")  # noqa: S310 - ours
        with urlopen(request) as answer:  # noqa: S310 - as above
            return json.load(answer)

    def token(self, subject: str) -> str:
        text: str = self.sdk.portal.portal_tokens.create({"subject": subject}).token
        return text


def beginning(now: datetime) -> datetime:
    """The first of the month two months ago."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(2):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def furnish(house: House, now: datetime, eventually: Eventually) -> None:
    """Meters, plan, customer with credit, and usage of every day since `beginning`; nothing is invoiced yet."""
    sdk = house.sdk
    for meter in METERS:
        sdk.meters.create({"eventType": "ai.called", "groupBy": {"model": "$.model", "region": "$.region"}, **meter})
    for key in ("requests", "tokens"):
        sdk.features.create({"key": key, "name": key.title(), "meterSlug": key})
    subjects = ["acme-web", "acme-batch", EVIL]
    customer = sdk.customers.create(
        {"key": "acme", "name": "Acme Söhne & Co", "currency": "USD", "usageAttribution": {"subjectKeys": subjects}}
    )
    gift = {"name": "Welcome credit", "funding_method": "none", "currency": "USD", "amount": "50"}
    house.post(f"/api/v3/openmeter/customers/{customer.id}/credits/grants", gift)
    events = list(_events(now))
    for start in range(0, len(events), 100):
        sdk.events.ingest_events(events[start : start + 100], content_type="application/cloudevents-batch+json")
    eventually(lambda: sum(row.value for row in sdk.meters.query_json("requests").data), len(events))
    on_sale(sdk, "scale", *_cards())
    since = beginning(now).isoformat().replace("+00:00", "Z")
    sdk.subscriptions.create({"customerId": customer.id, "plan": {"key": "scale"}, "timing": since})


def _events(now: datetime) -> Iterator[dict[str, Any]]:
    at, number = beginning(now) + timedelta(hours=7), 0
    while at < now - timedelta(minutes=5):
        for turn in range(2 + number % 3):
            number += 1
            model = MODELS[(number * number + turn) % len(MODELS)]
            tokens = f"{400 + (number * 37) % 900}.{number % 10}"
            yield {
                "specversion": "1.0",
                "id": f"call-{number}",
                "source": "gateway",
                "type": "ai.called",
                "subject": ("acme-web", "acme-batch", EVIL)[number % 3 if number % 7 == 0 else number % 2],
                "time": (at + timedelta(minutes=turn)).isoformat(),
                "data": {"model": model, "region": ("eu", "us")[number % 2], "tokens": tokens},
            }
        at += timedelta(hours=24)


def _cards() -> Iterator[dict[str, Any]]:
    monthly = {"billingCadence": "P1M"}
    yield {
        **monthly,
        "type": "flat_fee",
        "key": "base",
        "name": "Base fee",
        "price": {"type": "flat", "amount": "49", "paymentTerm": "in_arrears"},
    }
    tiers = [
        {"upToAmount": "50000", "flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.0009"}},
        {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.00055"}},
    ]
    yield {
        **monthly,
        "type": "usage_based",
        "key": "tokens",
        "name": "Tokens",
        "featureKey": "tokens",
        "price": {"type": "tiered", "mode": "graduated", "tiers": tiers},
    }
    yield {
        **monthly,
        "type": "usage_based",
        "key": "requests",
        "name": "Requests",
        "featureKey": "requests",
        "price": {"type": "unit", "amount": "0.01"},
        "entitlementTemplate": {"type": "metered", "issueAfterReset": 120, "isSoftLimit": True},
    }
