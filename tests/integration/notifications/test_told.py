"""What rules tell of balances and invoices: the worker's own domain events, held against them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.notifications.payload import LARGEST
from meterhouse.platform.postgres_transaction import Row
from tests.integration.entitlements.room import DAY, T0, Room
from tests.integration.entitlements.watch import Watch
from tests.integration.notifications.given import Desk
from tests.unit.notifications.test_thresholds import of_area

LOW = "entitlements.balance.threshold"
RESET = "entitlements.reset"


@pytest.fixture
def room(desk: Desk) -> Room:
    desk.run.now = T0
    return Room(desk.run.database, desk.run.namespace)


@pytest.fixture
def watch(room: Room) -> Watch:
    return Watch(room)


def snapshots(watch: Watch, desk: Desk, entitlement: Entitlement) -> list[Row]:
    """What the worker tells anew of the entitlement as it stands."""
    known = {row["id"] for row in watch.snapshots()}
    watch.now += timedelta(minutes=5)
    desk.run.now = watch.now
    assert watch.deliver(watch.moved(entitlement)) == []
    return [row for row in watch.snapshots() if row["id"] not in known]


def told(desk: Desk) -> list[tuple[str, str, Any]]:
    """Rule, type and threshold of every event, in their order."""
    data = [(one["rule"]["name"], one["type"], one["payload"]["data"]) for one in desk.events()]
    return [
        (name, kind, (part["threshold"]["type"], part["threshold"]["value"]) if "threshold" in part else None)
        for name, kind, part in data
    ]


@pytest.mark.parametrize(("given", "expected"), of_area("notification_flow"))
def test_the_worked_flow_is_told_whatever_is_delivered_twice_or_late(
    desk: Desk, room: Room, watch: Watch, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    mine, heard, counts = room.entitled(room.customer()), list[Row](), list[int]()
    thresholds = [{"type": kind, "value": value} for kind, value in given["rule"]]
    desk.rule(LOW, name="flow", thresholds=thresholds)
    for snapshot in given["snapshots"]:
        watch.now += 31 * DAY if snapshot.get("after_reset") else timedelta()
        watch.use(mine, str(snapshot["usage"]), str(snapshot["total"]))
        new = snapshots(watch, desk, mine)
        desk.hear([*new, *new, *heard])
        heard += new
        counts.append(len(desk.events()))

    assert counts == expected["events_after_each"]
    assert [f"{kind} {value}" for _, _, (kind, value) in told(desk)] == expected["fired"]


def test_a_message_carries_the_entitlement_its_value_and_whose_it_is(desk: Desk, room: Room, watch: Watch) -> None:
    mine = room.entitled(room.customer("acme", "app"))
    desk.rule(LOW, features=["tokens"])
    desk.rule(LOW, name="of another", features=["usage"])
    watch.use(mine, "60")
    watch.reserved[mine.id] = Decimal(15)
    desk.hear(snapshots(watch, desk, mine))

    [event] = desk.events("feature=tokens&subject=acme")
    data = event["payload"]["data"]
    assert (event["payload"]["id"], event["payload"]["timestamp"]) == (event["id"], event["createdAt"])
    assert (data["entitlement"]["id"], data["entitlement"]["subjectKey"]) == (mine.id, "acme")
    assert (data["subject"]["key"], data["customer"]["key"], data["feature"]["key"]) == ("acme", "acme", "tokens")
    numbers = {"balance": 25, "usage": 60, "overage": 0, "totalAvailableGrantAmount": 100}
    assert data["value"] == {"hasAccess": True} | numbers
    assert data["threshold"] == {"type": "usage_percentage", "value": 50}
    assert desk.events(f"feature={room.feature.id}&subject={data['subject']['id']}") == [event]


def test_both_sides_tell_and_no_rule_stands_in_anothers_way(desk: Desk, room: Room, watch: Watch) -> None:
    mine, other = room.entitled(room.customer()), room.entitled(room.customer("other"))
    both = [{"type": "balance_value", "value": 10}, {"type": "usage_value", "value": 20}]
    desk.rule(LOW, name="both", thresholds=both)
    desk.rule(LOW, name="same", thresholds=both[1:])
    desk.rule(LOW, name="off", disabled=True)
    desk.rule(RESET, name="reset")
    for entitlement in (mine, other):
        watch.use(entitlement, "95")
        desk.hear(snapshots(watch, desk, entitlement))

    once = [
        ("both", LOW, ("usage_value", 20)),
        ("both", LOW, ("balance_value", 10)),
        ("same", LOW, ("usage_value", 20)),
    ]
    assert sorted(told(desk)) == sorted(once * 2)


def test_resets_alone_are_told_by_the_calendar_and_by_hand_once_each(desk: Desk, room: Room, watch: Watch) -> None:
    mine, other = room.entitled(room.customer()), room.entitled(room.customer("other"))
    for name in ("one", "two"):
        desk.rule(RESET, name=name)
    desk.hear(snapshots(watch, desk, mine))
    assert told(desk) == []

    watch.now += 31 * DAY
    desk.hear([row for entitlement in (mine, other) for row in snapshots(watch, desk, entitlement)])
    assert sorted(name for name, _, _ in told(desk)) == ["one", "one", "two", "two"]

    watch.use(mine, "7")
    desk.hear(snapshots(watch, desk, mine))
    at = T0 + 32 * DAY
    reset = ManualReset(at, T0, preserves_overage=False)
    room.write(lambda transaction: PostgresEntitlements(transaction).add_reset(mine.id, reset, watch.now))
    desk.hear([*snapshots(watch, desk, mine), *watch.snapshots()])
    [*_, last] = desk.events()
    assert (len(desk.events()), last["payload"]["data"]["entitlement"]["lastReset"]) == (6, "2026-04-02T00:00:00Z")


def test_resets_that_were_missed_are_told_with_the_next_balance(desk: Desk, room: Room, watch: Watch) -> None:
    mine = room.entitled(room.customer())
    desk.rule(RESET, name="reset")
    desk.hear(snapshots(watch, desk, mine))
    watch.now += 62 * DAY
    desk.hear([*snapshots(watch, desk, mine)] * 2)
    assert [name for name, _, _ in told(desk)] == ["reset"] * 2


def test_a_rule_tells_no_reset_from_before_it_was_made_or_enabled(desk: Desk, room: Room, watch: Watch) -> None:
    mine = room.entitled(room.customer())
    late = desk.rule(RESET, name="enabled late", disabled=True)
    watch.now += 31 * DAY
    desk.run.now = watch.now
    desk.rule(RESET, name="made late")
    body = {"type": RESET, "name": "enabled late", "channels": [one["id"] for one in late["channels"]]}
    desk.ok("PUT", f"/api/v1/notification/rules/{late['id']}", body)
    desk.hear(snapshots(watch, desk, mine))
    assert told(desk) == []

    watch.now += 31 * DAY
    desk.hear(snapshots(watch, desk, mine))
    assert sorted(name for name, _, _ in told(desk)) == ["enabled late", "made late"]


def test_a_namespace_without_rules_writes_nothing(desk: Desk, room: Room, watch: Watch) -> None:
    mine = room.entitled(room.customer())
    watch.use(mine, "99")
    desk.hear(snapshots(watch, desk, mine))
    assert desk.run.rows("SELECT FROM notification_balances") == []


def test_what_becomes_of_an_invoice_is_told_once_an_event(desk: Desk) -> None:
    customer = desk.run.customer("acme", currency="USD")
    made, changed = desk.rule("invoice.created"), desk.rule("invoice.updated")
    line = {
        "name": "Fee",
        "period": {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"},
        "invoiceAt": "2024-01-01T00:00:00Z",
        "rateCard": {"price": {"type": "flat", "amount": "7"}},
    }
    lines = {"currency": "USD", "lines": [line, line | {"name": "x" * 256}]}
    desk.ok("POST", f"/api/v1/billing/customers/{customer}/invoices/pending-lines", lines)
    [invoice] = desk.ok("POST", "/api/v1/billing/invoices/invoice", {"customerId": customer})
    kinds = [row["type"] for row in desk.run.rows("SELECT type FROM outbox WHERE type LIKE 'invoice.%%'")]
    happened = [row for kind in dict.fromkeys(kinds) for row in desk.outbox(kind)]
    desk.hear([*happened, *reversed(happened)])

    [first] = desk.events(f"rule={made['id']}")
    data = first["payload"]["data"]
    assert (first["type"], data["id"], data["status"]) == ("invoice.created", invoice["id"], invoice["status"])
    assert sorted(one["name"] for one in data["lines"]) == ["Fee", "x" * 256]
    others = desk.events(f"rule={changed['id']}")
    assert len(others) == len(happened) - 1 > 0
    assert {one["payload"]["data"]["id"] for one in others} == {invoice["id"]}
    assert len(str(data)) < LARGEST
