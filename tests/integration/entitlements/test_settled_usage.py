"""Usage that was settled counts once: on its way, when it is stored, and when it is seen to be."""

import json
from collections.abc import Callable
from datetime import timedelta

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec
from meterhouse.platform.postgres import PostgresSettings
from meterhouse.platform.postgres_transaction import Row
from tests.integration.entitlements.peril import Peril, PerilousDatabase, deaths
from tests.integration.entitlements.till import Till, path
from tests.problems import faults_of

MINUTE = timedelta(minutes=1)


def uncounted(till: Till) -> list[Row]:
    return till.room.rows("SELECT id FROM reservations WHERE namespace = %(namespace)s AND counted_at IS NULL")


def test_settled_usage_counts_once_on_its_way_when_stored_and_when_seen(till: Till, mine: Entitlement) -> None:
    till.use("1", 5)
    held = till.held("10")
    balances = [till.left(mine)]
    till.settle(held, "12.5", data={"model": "a"})
    balances.append(till.left(mine))
    till.work(mine)
    balances.append(till.left(mine))
    till.sink()
    balances.append(till.left(mine))
    till.work(mine)
    balances.append(till.left(mine))
    till.now += 3 * MINUTE
    till.work(mine)

    assert balances == [("85", "5"), *[("82.5", "17.5")] * 4]
    assert len(till.sent) == 2
    assert uncounted(till) == []


def test_settled_usage_that_takes_too_long_is_sent_again_and_counts_once(till: Till, mine: Entitlement) -> None:
    till.settle(till.held("10"), "10")
    for _ in range(2):
        till.work(mine)
        till.work(mine)
        till.now += 2 * MINUTE
    assert len(till.sent) == 2

    till.sink()
    till.work(mine)

    assert till.left(mine) == ("90", "10")
    assert uncounted(till) == []


def test_counted_units_are_events_of_their_own(new_till: Callable[..., Till]) -> None:
    till = new_till(spec=MeterSpec("tokens", Aggregation.COUNT, "llm", "Calls", None, {"model": "$.model"}))
    mine = till.entitled()

    till.settle(till.held("3"), "4", data={"model": "a"})
    assert till.left(mine) == ("96", "4")
    till.work(mine)
    assert till.left(mine) == ("96", "4")
    till.sink()
    assert till.left(mine) == ("96", "4")
    till.work(mine)
    assert till.left(mine) == ("96", "4")
    assert till.reserve("1.5")[0] == 400


def test_nothing_used_frees_the_hold_and_sends_nothing(till: Till, mine: Entitlement) -> None:
    status, answer = till.settle(till.held("10"), "0")

    assert (status, answer["state"]) == (200, "settled")
    till.work(mine)
    assert (till.left(mine), till.sent) == (("100", "0"), [])


def test_usage_that_the_feature_does_not_count_is_refused(new_till: Callable[..., Till]) -> None:
    till = new_till(filters={"model": {"$eq": "a"}})
    mine = till.entitled()
    held = till.held("10")

    assert faults_of(till.settle(held, "10", data={"model": "b"})[1]) == [("/data", "not_of_the_feature")]
    assert till.get(held)[1]["state"] == "open"
    assert till.settle(held, "10", data={"model": "a"})[0] == 200
    till.work(mine)
    till.sink()
    assert till.left(mine) == ("90", "10")


def test_what_is_sent_is_what_was_settled_digit_by_digit(till: Till, mine: Entitlement) -> None:
    number = "0.10000000000000000000001"
    body = f'{{"amount": "7.000000000000000001", "data": {{"model": "ä", "share": {number}}}}}'
    held = till.held("10")

    status, _ = till.call(
        "POST", f"{path()}/{held}/settle", body, headers={"content-type": "application/json", "idempotency-key": "k"}
    )

    assert status == 200
    [row] = till.room.rows("SELECT data::text AS data FROM reservations WHERE namespace = %(namespace)s")
    assert row["data"] == f'{{"model":"ä","share":{number},"tokens":7.000000000000000001}}'
    assert json.loads(row["data"])["model"] == "ä"
    till.work(mine)
    till.sink()
    till.work(mine)
    assert till.left(mine)[1] == "7.000000000000000001"


def test_killed_anywhere_the_worker_sends_settled_usage_that_counts_once(
    new_till: Callable[..., Till], database_settings: PostgresSettings
) -> None:
    def attempt(peril: Peril) -> None:
        till = new_till()
        mine = till.entitled()
        till.settle(till.held("60"), "55")
        till.peril, database = peril, PerilousDatabase(database_settings, peril)
        try:
            till.work(mine, database=database)
            till.sink()
            till.work(mine, database=database)
        finally:
            database.close()
            till.peril = Peril()
            till.sink()
            till.now += 2 * MINUTE
            till.work(mine)
            till.sink()
            till.work(mine)
            assert till.left(mine) == ("45", "55")
            told = till.room.told("entitlement.threshold_crossed")
            assert [row["data"]["threshold"]["value"] for row in told] == ["50"]
            assert (
                till.room.rows("SELECT FROM reservations WHERE namespace = %(namespace)s AND counted_at IS NULL") == []
            )

    assert deaths(attempt) > 20
