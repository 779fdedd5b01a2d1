"""What can be held, settled and released, and what is told of it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.entitlement import Entitlement, EntitlementType
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.ids import new_id
from meterhouse.platform.quotas import name_of
from tests.integration.entitlements.till import Till, path
from tests.integration.limits_table import counts, table
from tests.problems import faults_of

__all__ = ["counts", "table"]

MINUTE = timedelta(minutes=1)


def test_a_hold_is_told_with_its_term_and_lowers_the_balance(till: Till, mine: Entitlement) -> None:
    status, answer = till.reserve("60.5", metadata={"job": "7"})

    assert status == 201
    assert answer == {
        "id": answer["id"],
        "customerId": mine.customer_id,
        "entitlementId": mine.id,
        "amount": "60.5",
        "state": "open",
        "createdAt": "2026-03-06T00:00:10Z",
        "expiresAt": "2026-03-06T00:15:10Z",
        "metadata": {"job": "7"},
    }
    assert till.left(mine) == ("39.5", "0")
    assert till.get(answer["id"]) == (200, answer)


def test_more_than_is_left_cannot_be_held_and_what_is_left_is_told(till: Till, mine: Entitlement) -> None:
    till.use("1", 30)
    till.held("60")

    status, answer = till.reserve("10.01")

    assert (status, answer["code"], answer["available"]) == (409, "insufficient_balance", "10")
    assert faults_of(answer) == [("/amount", "insufficient_balance")]
    assert till.reserve("10")[0] == 201
    assert till.left(mine) == ("0", "30")


def test_a_soft_limit_holds_any_amount(till: Till) -> None:
    mine = till.entitled(is_soft=True)

    assert till.reserve("1000")[0] == 201
    assert till.left(mine) == ("0", "0")


def test_a_hold_past_its_time_keeps_nothing_back_and_can_still_be_settled(till: Till, mine: Entitlement) -> None:
    held = till.held("100", expiresAt="2026-03-06T00:01:10Z")
    till.now += MINUTE

    assert till.left(mine) == ("100", "0")
    assert till.get(held)[1]["state"] == "expired"
    assert till.held("100")
    status, answer = till.settle(held, "70")
    assert (status, answer["state"], answer["settledAmount"]) == (200, "settled", "70")
    assert till.left(mine)[1] == "70"


def test_a_released_hold_is_free_again_and_is_not_settled(till: Till, mine: Entitlement) -> None:
    held = till.held("100")

    assert till.release(held)[1]["state"] == "released"
    assert till.left(mine) == ("100", "0")
    assert till.release(held)[0] == 200
    status, answer = till.settle(held, "1")
    assert (status, answer["code"]) == (409, "reservation_released")


def test_more_than_was_held_can_be_settled_and_repeating_it_answers_the_same(till: Till, mine: Entitlement) -> None:
    held = till.held("10")

    first = till.settle(held, "25", data={"model": "a"})
    till.now += MINUTE
    again = till.settle(held, "25.0", data={"model": "a"})

    assert first[0] == 200
    assert again == first
    assert till.left(mine) == ("75", "25")
    for amount, data in (("24", {"model": "a"}), ("25", {"model": "b"})):
        status, answer = till.settle(held, amount, data=data)
        assert (status, answer["code"]) == (409, "reservation_settled")
    assert till.release(held)[1]["code"] == "reservation_settled"


@pytest.mark.parametrize("what", ["reserve", "settle", "release"])
def test_what_changes_something_needs_an_idempotency_key(till: Till, mine: Entitlement, what: str) -> None:
    held = till.held("10")
    asked = {
        "reserve": lambda: till.reserve("10", key=None),
        "settle": lambda: till.settle(held, "10", key=None),
        "release": lambda: till.release(held, key=None),
    }

    answer = asked[what]()

    assert answer[0] == 400
    assert faults_of(answer[1]) == [("header:idempotency-key", "missing")]
    assert till.left(mine) == ("90", "0")


def test_a_request_that_is_repeated_holds_once(till: Till, mine: Entitlement) -> None:
    first, again = till.reserve("60", key="k1"), till.reserve("60", key="k1")

    assert first == again
    assert till.left(mine) == ("40", "0")
    assert till.reserve("50", key="k1")[0] == 422


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"amount": "0"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"amount": 5}, "/amount"),
        ({}, "/amount"),
        ({"amount": "0.0000000000000000001"}, "/amount"),
        ({"amount": "100000000000000000000"}, "/amount"),
        ({"amount": "1", "expiresAt": "2026-03-06T00:00:10Z"}, "/expiresAt"),
        ({"amount": "1", "expiresAt": "2026-03-07T00:00:11Z"}, "/expiresAt"),
        ({"amount": "1", "expiresAt": 5}, "/expiresAt"),
        ({"amount": "1", "until": "tomorrow"}, "/until"),
    ],
)
def test_what_cannot_be_held_is_named(till: Till, mine: Entitlement, body: object, expected: str) -> None:
    answer = till.post(path(), body)

    assert answer[0] == 400
    assert [field for field, _ in faults_of(answer[1])] == [expected]
    assert till.left(mine) == ("100", "0")


def test_of_what_there_is_not_nothing_is_held(till: Till, mine: Entitlement) -> None:
    assert till.reserve("1", customer="nobody")[0] == 404
    assert till.reserve("1", feature="other")[0] == 404
    assert till.get(new_id())[0] == 404
    held = till.held("1")
    assert till.call("GET", f"{path(feature='other')}/{held}")[0] == 404
    till.room.customer("beta")
    assert till.call("GET", f"{path(customer='beta')}/{held}")[0] == 404
    assert till.call("GET", f"{path(customer=mine.customer_id)}/{held}")[0] == 200


def test_another_namespace_knows_nothing_of_it(till: Till, new_till: Callable[..., Till], mine: Entitlement) -> None:
    other = new_till()
    other.entitled()
    held = till.held("1")

    assert other.get(held)[0] == 404
    assert other.settle(held, "1")[0] == 404
    assert till.left(mine) == ("99", "0")


def test_an_entitlement_that_is_not_metered_holds_nothing(till: Till) -> None:
    customer = till.room.customer()
    till.room.entitled(customer, type=EntitlementType.BOOLEAN, allowance=None, meter_id=None)

    answer = till.reserve("1")

    assert (answer[0], faults_of(answer[1])) == (400, [("", "entitlement_not_metered")])


def test_an_entitlement_that_is_over_holds_nothing_more_and_what_it_held_is_still_settled(
    till: Till, mine: Entitlement
) -> None:
    held = till.held("10")
    till.now += MINUTE
    till.room.write(lambda at: PostgresEntitlements(at).update(mine.ended(till.now)))

    assert till.reserve("1")[0] == 404
    assert till.settle(held, "10")[0] == 200
    till.work(mine)
    assert len(till.sent) == 1


def test_reservations_are_listed_by_state_the_latest_first(till: Till, mine: Entitlement) -> None:
    expired = till.held("1", expiresAt="2026-03-06T00:01:10Z")
    till.now += MINUTE
    ids = {"expired": expired}
    for state in ("open", "settled", "released"):
        till.now += MINUTE
        ids[state] = till.held("1")
    till.settle(ids["settled"], "1")
    till.release(ids["released"])

    def listed(query: str = "") -> tuple[int, list[str]]:
        status, page = till.call("GET", path(), query=query)
        assert status == 200
        return page["totalCount"], [one["id"] for one in page["items"]]

    assert listed() == (4, [ids[state] for state in ("released", "settled", "open", "expired")])
    for state, reservation_id in ids.items():
        assert listed(f"state={state}") == (1, [reservation_id])
    assert listed("state=open&state=expired&pageSize=1&page=2") == (2, [expired])
    assert till.call("GET", path(customer="nobody"))[0] == 404
    assert till.balance(mine).reserved == Decimal(1)


def test_each_change_is_told_once(till: Till, mine: Entitlement) -> None:
    held = till.held("10")
    for _ in range(2):
        till.settle(held, "12")
    other = till.held("5")
    for _ in range(2):
        till.release(other)

    told = till.room.told()
    assert [(row["type"], row["data"]["reservationId"]) for row in told] == [
        ("reservation.created", held),
        ("reservation.settled", held),
        ("reservation.created", other),
        ("reservation.released", other),
    ]
    assert {row["data"]["entitlementId"] for row in told} == {mine.id}
    assert told[1]["data"]["settledAmount"] == "12"


def test_while_usage_cannot_be_read_nothing_is_held(till: Till, mine: Entitlement) -> None:
    class Away(ClickHouse):
        def query(self, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
            raise Unavailable("away")

    there, till.store = till.store, Away(lambda: pytest.fail("is not asked"))
    assert till.reserve("1")[0] == 503
    till.store = there
    assert till.left(mine) == ("100", "0")


def test_events_of_settled_work_are_counted_by_the_quota_and_refused_before_the_work_alone(
    new_till: Callable[..., Till], counts: DynamoCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = MeterSpec("tokens", Aggregation.COUNT, "llm", "Tokens")
    till = new_till(spec=calls)
    till.entitled()
    till.counts, till.told = counts, {"namespaceQuota": "/4"}
    monkeypatch.setattr("meterhouse.platform.clock.now", lambda: till.now)
    month = name_of(till.now.replace(day=1, hour=0, minute=0, second=0), till.room.namespace)
    first, second = till.held("3"), till.held("1")
    assert till.settle(first, "3", key="once")[0] == 200
    assert till.settle(first, "3", key="once")[0] == 200
    assert till.settle(first, "3")[0] == 200
    assert counts.tally(month).events == 3
    third = till.held("2")
    assert till.settle(second, "5")[0] == 200, "the work is done; what it came to is usage"
    assert counts.tally(month).events == 8

    status, problem = till.reserve("1")

    assert (status, problem["code"], problem["quota"]["counts"]) == (429, "quota_used_up", "events")
    assert till.get(third)[0] == till.settle(third, "0")[0] == 200
    assert counts.tally(month).events == 8
