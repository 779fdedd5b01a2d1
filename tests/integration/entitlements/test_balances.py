"""Balances of entitlements on the real stores."""

from datetime import timedelta
from decimal import Decimal

import pytest

from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.spec import GrantSpec
from meterhouse.entitlements.standing import RESERVATION_SOURCE
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.aggregation import Aggregation
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_read import glances
from tests.integration.entitlements.usage_house import DAY, HOUR, MINUTE, UsageHouse
from tests.unit.entitlements.burn_down_samples import told

DAILY = Cadence.parse("P1D")


def test_usage_of_all_of_a_customer_s_subjects_burns_its_grants(used: UsageHouse) -> None:
    entitlement = used.entitled()
    first, second = used.granted(100, priority=1), used.granted(50, priority=2)
    used.sink(
        used.call(used.now + HOUR, 70),
        used.call(used.now + DAY, 40, subject="acme"),
        used.call(used.now + DAY, 9, subject="somebody"),
    )
    found = used.balance(entitlement)
    assert found.balance is not None
    assert found.balance.balances == {first.id: 0, second.id: 40}
    assert told(found.balance.usage, found.balance.overage, found.available) == (110, 0, 40)
    assert found.has_access


def test_the_newest_usage_counts_and_usage_before_measuring_does_not(used: UsageHouse) -> None:
    entitlement = used.entitled()
    used.granted(10)
    used.sink(used.call(used.now - MINUTE, 5), used.call(clock.now(), 3))
    assert used.balance(entitlement).available == 7


def test_only_usage_that_the_feature_s_filters_let_through_counts(
    database: Database, usage_store: ClickHouse, namespace: str
) -> None:
    house = UsageHouse(database, namespace, usage_store, filters={"region": {"$eq": "eu"}})
    entitlement = house.entitled()
    house.granted(10)
    house.sink(house.call(house.now + HOUR, 3, region="eu"), house.call(house.now + HOUR, 4, region="us"))
    assert house.balance(entitlement).available == 7


def test_a_balance_may_be_asked_for_at_any_instant(used: UsageHouse) -> None:
    entitlement = used.entitled(cadence=DAILY)
    used.granted(100, max_rollover=Decimal(60))
    start = used.now
    used.sink(used.call(start + HOUR, 10), used.call(start + DAY + HOUR, 5))
    asked = [start - MINUTE, start, start + HOUR, start + HOUR + MINUTE, start + DAY, start + 2 * DAY]
    found = [used.balance(entitlement, at) for at in asked]
    assert [one.available for one in found] == [0, 100, 100, 90, 60, 55]
    assert [one.balance and one.balance.usage for one in found] == [None, 0, 0, 10, 0, 0]


def test_late_usage_that_occurred_before_an_expiry_burns_the_expired_grant(used: UsageHouse) -> None:
    entitlement = used.entitled()
    expiring = used.granted(100, expiration=DAILY, priority=9)
    lasting = used.granted(100, at=used.now + DAY, priority=1)
    used.used(used.now + DAY + HOUR, 30)
    before = used.keep(entitlement)
    assert before.balance is not None
    assert before.balance.balances == {lasting.id: 70}
    # it arrives now, twenty days later; a balance was kept meanwhile
    used.used(used.now + 23 * HOUR, 80)
    after, at_expiry = used.balance(entitlement), used.balance(entitlement, used.now + DAY - MINUTE)
    assert after.balance is not None
    assert after.balance.balances == {lasting.id: 70}
    assert after.balance.usage == 110
    assert after.balance.overage == 0
    assert at_expiry.balance is not None
    assert at_expiry.balance.balances == {expiring.id: 20}


@pytest.mark.parametrize(
    ("aggregation", "usage"),
    [(Aggregation.COUNT, 4), (Aggregation.UNIQUE_COUNT, 3), (Aggregation.LATEST, 7), (Aggregation.SUM, 24)],
)
def test_each_kind_of_meter_is_burnt_as_it_counts(
    database: Database, usage_store: ClickHouse, namespace: str, aggregation: Aggregation, usage: int
) -> None:
    house = UsageHouse(database, namespace, usage_store, aggregation)
    entitlement = house.entitled()
    house.granted(100)
    later = house.granted(50, at=house.now + 2 * DAY)
    values = [(1, 5), (30, 8), (49, 5), (60, 7 if aggregation is not Aggregation.SUM else 6)]
    house.sink(*(house.call(house.now + hours * HOUR, value) for hours, value in values))
    found = house.balance(entitlement)
    assert found.balance is not None
    assert told(found.balance.usage, found.available) == (usage, 150 - usage)
    assert found.balance.balances[later.id] == 50


def test_texts_are_told_apart_within_a_usage_period_and_anew_in_the_next(
    database: Database, usage_store: ClickHouse, namespace: str
) -> None:
    house = UsageHouse(database, namespace, usage_store, Aggregation.UNIQUE_COUNT)
    entitlement = house.entitled(cadence=DAILY)
    house.granted(100, max_rollover=Decimal(100))
    texts = [(1, "a"), (5, "b"), (9, "a"), (25, "a"), (26, "c"), (50, "c")]
    house.sink(*(house.call(house.now + hours * HOUR, text) for hours, text in texts))
    asked = [6, 24, 26, 48, 72]
    found = [house.balance(entitlement, house.now + hours * HOUR).available for hours in asked]
    assert found == [98, 98, 97, 96, 95]


def test_a_gauge_keeps_its_value_over_resets(database: Database, usage_store: ClickHouse, namespace: str) -> None:
    house = UsageHouse(database, namespace, usage_store, Aggregation.LATEST)
    entitlement = house.entitled(cadence=DAILY)
    house.granted(100, min_rollover=Decimal(100), max_rollover=Decimal(100))
    house.sink(house.call(house.now + HOUR, 30), house.call(house.now + 30 * HOUR, 10))
    asked = [2, 26, 31, 72]
    found = [house.balance(entitlement, house.now + hours * HOUR).available for hours in asked]
    assert found == [70, 70, 90, 90]


def test_a_hard_limit_ends_access_and_a_soft_one_does_not(used: UsageHouse) -> None:
    hard = used.entitled()
    used.granted(10)
    used.add_feature("more", used.meter)
    soft = used.entitled("more", is_soft_limit=True)
    used.used(used.now + HOUR, 12)
    found = [used.balance(entitlement) for entitlement in (hard, soft)]
    assert [one.has_access for one in found] == [False, True]
    assert [one.balance and one.balance.overage for one in found] == [2, 12]


def test_an_ended_entitlement_gives_no_access_whatever_is_left(used: UsageHouse) -> None:
    entitlement = used.entitled()
    used.granted(10)
    used.use.end(used.namespace, Holder("acme"), "tokens")
    assert not used.balance(entitlement).has_access


def hold(used: UsageHouse, entitlement_id: str, amount: int, **fields: object) -> str:
    at = clock.now()
    row = {"id": new_id(), "entitlement_id": entitlement_id, "amount": amount, "created_at": at, "subject": "app"}
    row |= {"expires_at": at + HOUR, "settled_amount": None, "settled_at": None, "counted_at": None}
    row |= {"released_at": None, "customer_id": used.customer.id, "data": None} | fields
    with used.database.transaction(used.namespace) as transaction:
        names = sorted(row)
        values = ", ".join(f"%({name})s" for name in names)
        transaction.execute(
            f"INSERT INTO reservations (namespace, metadata, {', '.join(names)})"
            f" VALUES (%(namespace)s, '{{}}', {values})",
            row,
        )
        transaction.commit()
    return str(row["id"])


def test_open_holds_are_kept_back_of_what_is_left(used: UsageHouse) -> None:
    entitlement = used.entitled()
    used.granted(10)
    hold(used, entitlement.id, 4)
    hold(used, entitlement.id, 3, expires_at=clock.now() - MINUTE)
    hold(used, entitlement.id, 2, released_at=clock.now())
    found = used.balance(entitlement)
    assert told(found.available, found.reserved) == (6, 4)
    hold(used, entitlement.id, 8)
    found = used.balance(entitlement)
    assert told(found.available, found.reserved, found.has_access) == (0, 12, False)


@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.COUNT])
def test_settled_usage_counts_once_wherever_its_event_is(
    database: Database, usage_store: ClickHouse, namespace: str, aggregation: Aggregation
) -> None:
    house = UsageHouse(database, namespace, usage_store, aggregation)
    entitlement = house.entitled()
    house.granted(10)
    settled_at = clock.now()
    reservation = hold(house, entitlement.id, 4, settled_amount=3, settled_at=settled_at, data='{"value": 3}')
    assert house.balance(entitlement).available == 7
    ids = [reservation] if aggregation is Aggregation.SUM else [reservation, f"{reservation}/2", f"{reservation}/3"]
    for event_id in ids:
        event = house.call(settled_at, 3)
        event.id, event.source = event_id, RESERVATION_SOURCE
        house.sink(event)
        assert house.balance(entitlement).available == 7
    with database.transaction(namespace) as transaction:
        transaction.execute("UPDATE reservations SET counted_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    assert house.balance(entitlement).available == 7


def test_many_entitlements_are_reckoned_in_one_go_as_one_by_one(used: UsageHouse) -> None:
    features = [used.add_feature(f"f{number}", used.add_meter(f"m{number}")) for number in range(3)]
    customers = [used.add_customer(f"c{number}", f"c{number}-app") for number in range(4)]
    entitlements = []
    for number, customer in enumerate(customers):
        for feature in features:
            used.now += timedelta(minutes=7)
            grant = GrantSpec(Decimal(100 + number), used.now)
            entitlements.append(used.entitled(feature.key, grant, holder=Holder(customer.id)))
    used.sink(*(used.call(used.begun + number * HOUR, number, subject=f"c{number % 4}-app") for number in range(1, 60)))
    at = clock.now()
    standings = used.standings(*(entitlement.id for entitlement in entitlements), at=at)
    together = Balances(used.usage).at(used.namespace, standings, at)
    assert len(together) == 12
    for entitlement in entitlements:
        alone = used.balance(entitlement, at)
        assert together[entitlement.id] == alone == used.reckoned_anew(entitlement, at)
        assert alone.balance is not None
        assert alone.balance.usage > 0


def test_standings_of_another_namespace_are_not_seen(used: UsageHouse) -> None:
    entitlement = used.entitled()
    others = glances(used.database, PostgresStandings)(f"{used.namespace}-b")
    assert others.of_entitlements([entitlement.id], clock.now()) == []
    assert others.of_holder(Holder("acme"), clock.now()).customers == []
