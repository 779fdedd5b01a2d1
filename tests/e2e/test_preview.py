"""Previews on the deployed house: the change is told and not done."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from localstack.demo.client import Client, Refused
from meterhouse.platform.ids import new_id

PLAN: dict[str, Any] = {
    "key": "basic",
    "name": "Basic",
    "currency": "USD",
    "billingCadence": "P1M",
    "phases": [
        {
            "key": "default",
            "name": "Default",
            "duration": None,
            "rateCards": [
                {
                    "type": "flat_fee",
                    "key": "fee",
                    "name": "Fee",
                    "billingCadence": "P1M",
                    "price": {"type": "flat", "amount": "31", "paymentTerm": "in_advance"},
                }
            ],
        }
    ],
}


@pytest.fixture
def client(stack: dict[str, str], new_key: Callable[[str], str]) -> Iterator[Client]:
    with closing(Client(stack["METERHOUSE_URL"], new_key(f"preview-{new_id().lower()}"))) as made:
        plan = made.post("/api/v1/plans", PLAN)
        made.post(f"/api/v1/plans/{plan['id']}/publish", {})
        made.post("/api/v1/customers", {"key": "ann", "name": "Ann", "usageAttribution": {"subjectKeys": ["ann-1"]}})
        yield made


def test_a_new_subscription_and_its_end_are_previewed_and_only_then_made(client: Client) -> None:
    wanted = {"customerKey": "ann", "plan": {"key": "basic"}, "timing": "2024-01-01T00:00:00Z"}

    first = client.post("/api/v1/subscriptions/preview", wanted)
    assert first["nextInvoice"]["lines"][0]["totals"]["total"] == "31.00"
    assert client.get("/api/v1/customers/ann/subscriptions")["items"] == []

    made = client.post("/api/v1/subscriptions", wanted)
    end = client.post(f"/api/v1/subscriptions/{made['id']}/preview", {"cancel": {"timing": "immediate"}})
    assert end["lines"]["removed"]
    assert [one["status"] for one in end["subscriptions"]] == ["inactive"]
    assert [one["status"] for one in client.get("/api/v1/customers/ann/subscriptions")["items"]] == ["active"]
    assert client.get("/api/v1/billing/invoices")["items"] == []


def test_the_faults_are_those_of_the_real_call(client: Client) -> None:
    with pytest.raises(Refused) as refusal:
        client.post("/api/v1/subscriptions/preview", {"customerKey": "ann", "plan": {"key": "none"}})
    assert (refusal.value.status, "/plan/key" in str(refusal.value)) == (400, True)
    with pytest.raises(Refused) as refusal:
        client.post("/api/v1/subscriptions/01HZ0000000000000000000000/preview", {"cancel": {}})
    assert refusal.value.status == 404
