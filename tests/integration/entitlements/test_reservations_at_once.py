"""Reservations at the same time as others, and killed between any two statements."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.entitlements.peril import Peril, PerilousDatabase, deaths
from tests.integration.entitlements.till import Answer, Till


def test_fifty_at_the_same_time_never_hold_more_than_there_is(
    till: Till, mine: Entitlement, database_settings: PostgresSettings
) -> None:
    till.use("1", 7)

    def reserve(_: int) -> int:
        own = Database(lambda: database_settings)
        try:
            return till.reserve("10", database=own)[0]
        finally:
            own.close()

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(reserve, range(50)))

    assert statuses == [201] * 9 + [409] * 41
    assert till.left(mine) == ("3", "7")


def test_holds_and_settlements_at_the_same_time_neither_oversell_nor_lose_usage(
    till: Till, mine: Entitlement, database_settings: PostgresSettings
) -> None:
    def call(_: int) -> int:
        own = Database(lambda: database_settings)
        try:
            status, answer = till.reserve("10", database=own)
            return 0 if status != 201 else settled(answer["id"], own)
        finally:
            own.close()

    def settled(reservation_id: str, own: Database) -> int:
        assert till.settle(reservation_id, "6", database=own)[0] == 200
        return 6

    with ThreadPoolExecutor(12) as pool:
        used = sum(pool.map(call, range(24)))

    assert till.left(mine) == (str(100 - used), str(used))
    assert used <= 100
    till.work(mine)
    till.sink()
    till.work(mine)
    assert till.left(mine) == (str(100 - used), str(used))


def test_killed_anywhere_a_reservation_is_there_with_its_event_or_not_at_all(
    new_till: Callable[..., Till], database_settings: PostgresSettings
) -> None:
    def attempt(peril: Peril) -> None:
        till = new_till()
        mine = till.entitled()
        database = PerilousDatabase(database_settings, peril)
        try:
            till.reserve("60", key="k1", database=database)
        finally:
            database.close()
            assert (till.left(mine)[0], len(till.room.told())) in {("100", 0), ("40", 1)}
            assert till.reserve("60", key="k1")[0] == 201
            assert (till.left(mine)[0], len(till.room.told("reservation.created"))) == ("40", 1)

    assert deaths(attempt) > 8


@pytest.mark.parametrize("what", ["settle", "release"])
def test_killed_anywhere_a_reservation_is_over_with_its_event_or_still_open(
    new_till: Callable[..., Till], database_settings: PostgresSettings, what: str
) -> None:
    def attempt(peril: Peril) -> None:
        till = new_till()
        mine = till.entitled()
        held = till.held("60")

        def ask(database: Database | None = None) -> Answer:
            named = {"key": "k2", "database": database}
            return till.settle(held, "70", **named) if what == "settle" else till.release(held, **named)

        database = PerilousDatabase(database_settings, peril)
        try:
            ask(database)
        finally:
            database.close()
            is_over = till.get(held)[1]["state"] != "open"
            assert len(till.room.told(f"reservation.{what}d")) == is_over
            status, answer = ask()
            assert (status, answer["state"]) == (200, f"{what}d")
            assert len(till.room.told(f"reservation.{what}d")) == 1
            assert till.left(mine) == (("30", "70") if what == "settle" else ("100", "0"))

    assert deaths(attempt) > 6
