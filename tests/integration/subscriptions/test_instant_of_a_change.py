"""Whoever waits for the customer's lock changes what there is when it gets it, at that instant."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.subscriptions.addon_shop import SEAT, SUBSCRIPTIONS, bought, path, sell, subscribed, wanted

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

WAIT = timedelta(hours=1)
LATER = "2021-01-20T01:00:00Z"


@contextmanager
def waiting(api: "Api", patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The customer's lock is had an hour later, and at once by who has it."""
    lock, had = Transaction.lock, set[str]()

    def late(transaction: Transaction, *key: str) -> None:
        if key[0] == "customer" and key[1] not in had:
            had.add(key[1])
            api.now += WAIT
        lock(transaction, *key)

    with patch.context() as patched:
        patched.setattr(Transaction, "lock", late)
        yield


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("cancel", {"timing": "immediate"}),
        ("change", {"plan": {"key": "plan"}, "timing": "immediate"}),
        ("unschedule-cancelation", None),
        ("restore", None),
    ],
)
def test_what_happens_to_a_subscription_happens_once_it_is_held(
    sold: "Api", monkeypatch: pytest.MonkeyPatch, verb: str, body: object
) -> None:
    one = f"{SUBSCRIPTIONS}/{subscribed(sold)}"
    if body is None:
        sold.ok("POST", f"{one}/cancel", {"timing": "next_billing_cycle"})
    with waiting(sold, monkeypatch):
        sold.ok("POST", f"{one}/{verb}", body)
    assert sold.ok("GET", one)["updatedAt"] == LATER


def test_an_edit_takes_effect_once_the_subscription_is_held(sold: "Api", monkeypatch: pytest.MonkeyPatch) -> None:
    one = f"{SUBSCRIPTIONS}/{subscribed(sold)}"
    removed = {"op": "remove_item", "phaseKey": "trial", "itemKey": "fee"}
    with waiting(sold, monkeypatch):
        sold.ok("PATCH", one, {"customizations": [removed]})
    timelines = sold.ok("GET", one)["phases"][0]["itemTimelines"]
    assert [item["activeTo"] for item in timelines["fee"]] == [LATER]


def test_a_subscription_begins_once_its_customer_is_held(sold: "Api", monkeypatch: pytest.MonkeyPatch) -> None:
    with waiting(sold, monkeypatch):
        made = sold.subscribe(timing="immediate")
    assert made["activeFrom"] == made["createdAt"] == LATER


def test_what_began_while_its_deletion_waited_is_not_deleted(sold: "Api", monkeypatch: pytest.MonkeyPatch) -> None:
    made = sold.subscribe(timing="2021-01-20T00:30:00Z")
    with waiting(sold, monkeypatch):
        status, problem = sold.call("DELETE", f"{SUBSCRIPTIONS}/{made['id']}")
    assert (status, problem["code"]) == (409, "subscription_state_forbids")


def test_an_add_on_is_there_from_when_the_subscription_is_held(sold: "Api", monkeypatch: pytest.MonkeyPatch) -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)
    with waiting(sold, monkeypatch):
        made: Any = sold.ok("POST", path(subscription_id), wanted(addon_id))
    assert made["timeline"][0]["activeFrom"] == LATER


def test_other_quantities_count_from_when_the_subscription_is_held(
    sold: "Api", monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT))
    with waiting(sold, monkeypatch):
        changed = sold.ok("PATCH", path(subscription_id, made), {"quantity": 3, "timing": "immediate"})
    assert [one["activeFrom"] for one in changed["timeline"]][-1] == LATER
