"""What a change leaves of the cache of balances."""

from collections.abc import Callable

import pytest

from tests.integration.entitlements.house import ACME, METERED, House
from tests.unit.subscriptions.samples import at

SAVED = ("2024-03-15T11:00:00Z", "2024-03-15T12:00:00Z", "2024-03-15T13:00:00Z")
ADD = """
INSERT INTO balance_snapshots (namespace, entitlement_id, at, changes, basis, late_mark, state, recorded_at)
VALUES (%(namespace)s, %(entitlement_id)s, %(at)s, %(changes)s, 'basis', 0, '{}', %(at)s)
"""


@pytest.fixture
def saved(house: House) -> House:
    """A metered entitlement with a grant, and a snapshot at each full hour; it is past the last one."""
    made = house.entitled(measureUsageFrom="CURRENT_PERIOD_START")
    house.grant = house.granted(recurrence={"interval": "DAY"})["id"]
    with house.database.transaction(house.namespace) as transaction:
        for moment in SAVED:
            transaction.execute(ADD, {"entitlement_id": made["id"], "at": at(moment), "changes": 1})
        transaction.execute(ADD, {"entitlement_id": made["id"], "at": at("2024-03-15T09:00:00Z"), "changes": 0})
        transaction.commit()
    house.now = at("2024-03-15T14:00:30Z")
    return house


def left(house: House) -> list[tuple[str, int]]:
    rows = house.rows("SELECT at, changes FROM balance_snapshots WHERE namespace = %(namespace)s ORDER BY at")
    return [(f"{row['at']:%H:%M}", row["changes"]) for row in rows]


def changes(house: House) -> int:
    [row] = house.rows("SELECT changes FROM entitlements WHERE namespace = %(namespace)s AND deleted_at IS NULL")
    found: int = row["changes"]
    return found


def grant(house: House) -> None:
    house.granted(effectiveAt="2024-03-15T12:00:00Z")


def void(house: House) -> None:
    house.ok("DELETE", f"/api/v1/grants/{house.grant}", query="at=2024-03-15T12:00:00Z")


def reset(house: House) -> None:
    house.ok("POST", f"{ACME}/tokens/reset", {"effectiveAt": "2024-03-15T12:00:00Z"})


@pytest.mark.parametrize("change", [grant, void, reset])
def test_a_change_forgets_what_was_saved_from_its_instant_on_and_keeps_what_is_still_true(
    saved: House, change: Callable[[House], None]
) -> None:
    change(saved)

    assert changes(saved) == 2
    # that of nine had another count: it was void before
    assert left(saved) == [("11:00", 2)]


def test_a_change_to_come_forgets_nothing_that_is_true(saved: House) -> None:
    saved.granted(effectiveAt="2024-03-16T00:00:00Z")

    assert left(saved) == [("11:00", 2), ("12:00", 2), ("13:00", 2)]


def test_an_override_keeps_what_was_saved_of_the_past(saved: House) -> None:
    saved.ok("PUT", f"{ACME}/tokens/override", METERED)

    assert left(saved) == [("11:00", 2), ("12:00", 2), ("13:00", 2)]
    assert changes(saved) == 0


def test_a_change_that_is_refused_forgets_nothing(saved: House) -> None:
    before = left(saved)
    saved.call("POST", f"{ACME}/tokens/grants", {"amount": 0, "effectiveAt": "2024-03-15T12:00:00Z"})

    assert (left(saved), changes(saved)) == (before, 1)
