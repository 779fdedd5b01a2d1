"""Snapshots change what a balance costs and never what it says."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any

import pytest

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.snapshot import NewSnapshot, balance_of, state_of
from meterhouse.entitlements.standing import Metered
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterChange
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database, begins
from tests.integration.entitlements.usage_house import DAY, HOUR, MINUTE, UsageHouse

DAILY = Cadence.parse("P1D")


@pytest.fixture
def kept(used: UsageHouse) -> Entitlement:
    """Usage of twenty days, burnt by a daily and a lasting grant, and a snapshot of an hour or two ago."""
    entitlement = used.entitled(cadence=Cadence.parse("P7D"))
    used.granted(1000, max_rollover=Decimal(800))
    used.sink(*(used.call(used.now + number * 7 * HOUR, number) for number in range(1, 60)))
    used.keep(entitlement)
    assert used.began_at(entitlement) == snapshot_instant(used, entitlement)
    used.now = used.today
    return entitlement


def rows(used: UsageHouse) -> list[dict[str, Any]]:
    text = "SELECT * FROM balance_snapshots WHERE namespace = %(namespace)s ORDER BY at"
    return used.database.read(used.namespace, text)


def snapshot_instant(used: UsageHouse, entitlement: Entitlement) -> datetime | None:
    """Of the one that is read now."""
    [standing] = used.standings(entitlement.id)
    snapshot = standing.metered and standing.metered.snapshot
    return snapshot.at if snapshot else None


def test_what_goes_on_from_a_snapshot_says_what_is_reckoned_anew(used: UsageHouse, kept: Entitlement) -> None:
    used.used(clock.now(), 5)
    used.used(clock.now() - 20 * MINUTE, 3)
    at = clock.now()
    assert used.balance(kept, at) == used.reckoned_anew(kept, at)
    assert used.began_at(kept) == snapshot_instant(used, kept) is not None


def test_a_snapshot_is_never_of_the_last_hour_and_stands_on_a_whole_one(used: UsageHouse, kept: Entitlement) -> None:
    instant = snapshot_instant(used, kept)
    assert instant is not None
    assert instant <= clock.now() - HOUR
    assert instant.minute == 0


def test_a_balance_of_the_past_goes_on_from_no_later_snapshot(used: UsageHouse, kept: Entitlement) -> None:
    past = used.today - 3 * DAY
    assert used.began_at(kept, past) == used.begun
    assert used.balance(kept, past) == used.reckoned_anew(kept, past)


def late_usage(used: UsageHouse) -> None:
    used.used(used.today - 2 * DAY, 7)


def late_usage_of_the_other_subject(used: UsageHouse) -> None:
    used.used(used.today - 2 * DAY, 7, subject="acme")


def back_dated_grant(used: UsageHouse) -> None:
    used.granted(50, at=used.today.replace(hour=0, minute=0) - 2 * HOUR)


def back_dated_reset(used: UsageHouse) -> None:
    used.reset(used.today.replace(hour=0, minute=0) - 2 * HOUR)


def other_subjects(used: UsageHouse) -> None:
    used.used(used.today - 2 * DAY, 9, subject="new")
    used.resubject("app", "new")


def other_revision(used: UsageHouse) -> None:
    service = MeterService(begins(used.database, PostgresMeters))
    service.change(used.namespace, used.meter.id, MeterChange(group_by={"region": "$.region", "tier": "$.tier"}))


def lost_subject(used: UsageHouse) -> None:
    used.resubject("other")


CHANGES: list[Callable[[UsageHouse], None]] = [
    late_usage,
    late_usage_of_the_other_subject,
    back_dated_grant,
    back_dated_reset,
    other_subjects,
    other_revision,
    lost_subject,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_snapshot_is_void_after(used: UsageHouse, kept: Entitlement, change: Callable[[UsageHouse], None]) -> None:
    before = used.balance(kept)
    change(used)
    assert snapshot_instant(used, kept) is None
    at = clock.now()
    after = used.balance(kept, at)
    assert after == used.reckoned_anew(kept, at)
    if change is not other_revision:
        assert after.balance != before.balance


def test_a_void_of_today_leaves_what_was_kept_before_it(used: UsageHouse, kept: Entitlement) -> None:
    grant = used.granted(50, at=used.today)
    instant = snapshot_instant(used, kept)
    assert instant is not None
    used.use.void(used.namespace, grant.id, None)
    assert snapshot_instant(used, kept) == instant
    assert used.balance(kept).balance == used.reckoned_anew(kept).balance


def test_late_usage_of_others_and_usage_after_the_snapshot_void_nothing(used: UsageHouse, kept: Entitlement) -> None:
    instant = snapshot_instant(used, kept)
    used.used(used.today - 2 * DAY, 7, subject="somebody")
    used.used(used.today - 35 * MINUTE, 7)
    assert snapshot_instant(used, kept) == instant
    assert used.balance(kept).balance == used.reckoned_anew(kept).balance


def test_without_the_mark_of_late_usage_a_balance_would_be_wrong(used: UsageHouse, kept: Entitlement) -> None:
    """Proves that the tests above look at what they say."""
    late_usage(used)
    with used.database.transaction(used.namespace) as transaction:
        transaction.execute("DELETE FROM late_usage WHERE namespace = %(namespace)s")
        transaction.commit()
    assert used.balance(kept).balance != used.reckoned_anew(kept).balance


def snapshot_of(used: UsageHouse, entitlement: Entitlement, at: datetime) -> tuple[NewSnapshot, Metered]:
    """As a worker has it in hand before it writes it."""
    made: list[NewSnapshot] = []
    standings = used.standings(entitlement.id)
    Balances(used.usage, lambda _, snapshots: made.extend(snapshots)).at(used.namespace, standings, at)
    metered = standings[0].metered
    assert metered is not None
    return made[0], metered


@pytest.mark.parametrize("change", [back_dated_grant, back_dated_reset, late_usage, other_subjects])
def test_a_writer_that_read_before_a_change_and_writes_after_it_does_no_harm(
    used: UsageHouse, change: Callable[[UsageHouse], None]
) -> None:
    entitlement = used.entitled()
    used.granted(100)
    used.used(used.now + HOUR, 5)
    stale, _ = snapshot_of(used, entitlement, clock.now())
    used.now = used.today
    change(used)
    used.snapshots.keep(used.namespace, [stale])
    assert snapshot_instant(used, entitlement) is None
    assert used.balance(entitlement).balance == used.reckoned_anew(entitlement).balance


def test_of_two_writers_at_one_instant_the_one_that_read_later_wins(used: UsageHouse) -> None:
    entitlement = used.entitled()
    used.granted(100)
    stale, _ = snapshot_of(used, entitlement, clock.now())
    late_usage(used)
    fresh, _ = snapshot_of(used, entitlement, clock.now())
    for order in ([stale, fresh], [fresh, stale]):
        for snapshot in order:
            used.snapshots.keep(
                used.namespace, [replace(snapshot, balance=replace(snapshot.balance, at=fresh.balance.at))]
            )
        assert [row["late_mark"] for row in rows(used)] == [fresh.seen]


def test_while_a_meter_still_reads_earlier_events_nothing_is_kept(used: UsageHouse, kept: Entitlement) -> None:
    instants = [row["at"] for row in rows(used)]
    other_revision(used)
    used.keep(kept)
    assert [row["at"] for row in rows(used)] == instants
    with used.database.transaction(used.namespace) as transaction:
        transaction.execute("UPDATE meter_backfills SET status = 'complete' WHERE namespace = %(namespace)s")
        transaction.commit()
    used.keep(kept)
    assert snapshot_instant(used, kept) is not None


def test_a_snapshot_is_trusted_for_seven_days_only(used: UsageHouse, kept: Entitlement) -> None:
    with used.database.transaction(used.namespace) as transaction:
        transaction.execute(
            "UPDATE balance_snapshots SET recorded_at = now() - interval '7 days' WHERE namespace = %(namespace)s"
        )
        transaction.commit()
    assert snapshot_instant(used, kept) is None


def test_few_snapshots_are_kept_of_one_entitlement(used: UsageHouse) -> None:
    entitlement = used.entitled()
    used.granted(100)
    for days in range(1, 10):
        used.keep(entitlement, used.begun + 2 * days * DAY)
    assert [row["at"] for row in rows(used)] == [used.begun + 2 * days * DAY for days in range(5, 10)]


def test_what_is_not_worth_it_is_not_written(used: UsageHouse, kept: Entitlement) -> None:
    instants = [row["recorded_at"] for row in rows(used)]
    used.keep(kept)
    assert [row["recorded_at"] for row in rows(used)] == instants


def test_a_state_is_read_as_it_was_written_to_the_last_digit() -> None:
    amount = Decimal("0.123456789012345678")
    start = datetime.fromisoformat("2026-01-01T00:00:00Z")
    balance = Balance(
        start,
        start - DAY,
        {"g": amount},
        amount,
        Decimal("1E+3"),
        amount,
        {"g": -amount},
        amount,
        {"g": amount},
        amount,
    )
    assert balance_of(state_of(balance)) == balance


KINDS = [Aggregation.SUM, Aggregation.COUNT, Aggregation.UNIQUE_COUNT, Aggregation.LATEST]


def test_over_any_history_a_balance_is_the_same_with_and_without_snapshots(
    database: Database, usage_store: ClickHouse, new_namespace: Callable[[], str]
) -> None:
    trusted = 0
    for aggregation, seed in product(KINDS, range(2)):
        draw = random.Random(f"{aggregation}{seed}")  # noqa: S311 - a seeded choice
        trusted += lived(UsageHouse(database, new_namespace(), usage_store, aggregation), draw)
    assert trusted > 40


def lived(used: UsageHouse, draw: random.Random) -> int:
    """How often a snapshot was gone on from.

    Twenty days are lived through by those who manage; usage comes in any order; snapshots are kept all along. The time
    of day is part of the seed: who sees a failure is told all that happened.
    """
    cadence, trusted = draw.choice(["P1D", "P7D", "PT8H"]), 0
    entitlement = used.entitled(cadence=Cadence.parse(cadence), preserves_overage=True)
    told = [f"{used.aggregation} by {cadence} until {used.today}"]
    for _ in range(24):
        used.now = min(used.now + draw.randrange(1, 40) * HOUR, used.today)
        told += [live(used, draw) for _ in range(draw.randrange(3))]
        at = draw.choice([used.today, used.now, used.begun + draw.randrange(480) * HOUR])
        told.append(f"{used.now} keep at {at}")
        trusted += used.standings(entitlement.id, at=at)[0].metered.snapshot is not None  # type: ignore[union-attr]
        assert used.keep(entitlement, at) == used.reckoned_anew(entitlement, at), "\n".join(told)
    return trusted


def live(used: UsageHouse, draw: random.Random) -> str:
    """Something happens, and is told; what the rules refuse does not."""
    minutes = timedelta(minutes=draw.randrange(20 * 24 * 60))
    happenings: list[Callable[[], partial[Any]]] = [
        lambda: partial(
            used.sink,
            *(used.call(used.begun + minutes + number * HOUR, draw.choice([1, 2.5, 7])) for number in range(4)),
        ),
        lambda: partial(used.used, used.today - draw.randrange(25) * MINUTE, draw.choice([1, 4])),
        lambda: partial(
            used.granted,
            draw.choice(["10", "33.3"]),
            used.now - draw.randrange(3) * HOUR,
            priority=draw.randrange(1, 4),
            expiration=draw.choice([None, DAILY, Cadence.parse("P3D")]),
            max_rollover=draw.choice([None, Decimal(5), Decimal(0)]),
        ),
        lambda: partial(used.reset, used.now - draw.randrange(90) * MINUTE, retains_anchor=draw.random() < 0.5),
        lambda: partial(used.resubject, "app", draw.choice(["one", "two"])),
    ]
    happens = draw.choices(happenings, (4, 3, 4, 1, 0.5))[0]()
    with suppress(InvalidInput):
        happens()
    return f"{used.now} {happens.func.__name__} {happens.args} {happens.keywords}"
