import re
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.price import Tier, TieredPrice, TierMode
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings, connect
from meterhouse.platform.sql import queries
from meterhouse.subscriptions.model import PlanReference, Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.patch import (
    AddItem,
    AddPhase,
    Moment,
    Patch,
    RemoveItem,
    RemovePhase,
    Shift,
    StretchPhase,
)
from meterhouse.subscriptions.patching import patched
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from tests.unit.subscriptions.samples import at, card, fee, phase, subscription, usage

TIERED = TieredPrice(
    TierMode.GRADUATED, (Tier(Decimal("1000.5"), Decimal(10)), Tier(None, None, Decimal("0.000000001")))
)


def of(customer_id: str, start: str = "2021-01-01", *, end: str | None = None) -> Subscription:
    phases = [
        phase("trial", "P2W", card("free", None, None)),
        phase("paid", None, usage("zulu"), fee(), card("tiers", TIERED)),
    ]
    made = replace(subscription(start, phases=phases, end=end, anchor="2021-01-31"), id=new_id())
    return replace(made, customer_id=customer_id, metadata={"a": "b"}, plan=PlanReference(new_id(), "plan", 3))


def add(database: Database, namespace: str, *made: Subscription) -> None:
    with database.transaction(namespace) as transaction:
        for one in made:
            PostgresSubscriptions(transaction).add(one)
        transaction.commit()


def test_a_subscription_comes_back_as_it_was_stored(database: Database, namespace: str) -> None:
    made = of("c1")
    add(database, namespace, made)
    with database.transaction(namespace) as transaction:
        assert PostgresSubscriptions(transaction).find(made.id) == made


def test_subscriptions_read_at_once_share_their_rate_cards(database: Database, namespace: str) -> None:
    add(database, namespace, of("c1"), of("c2"))
    with database.transaction(namespace) as transaction:
        found = PostgresSubscriptions(transaction).billable(None, "z")
    cards = [item.rate_card for one in found for made in one.phases for item in made.items]
    assert (len(cards), len({id(one) for one in cards})) == (8, 4)


def test_only_its_end_and_its_deletion_change_and_a_deleted_one_is_not_found(
    database: Database, namespace: str
) -> None:
    made = of("c1")
    add(database, namespace, made)
    ended = replace(made, active_to=at("2021-03-01"), updated_at=at("2021-02-01"))
    with database.transaction(namespace) as transaction:
        subscriptions = PostgresSubscriptions(transaction)
        subscriptions.update(made, ended)
        assert subscriptions.find(made.id) == ended
        subscriptions.update(ended, replace(ended, deleted_at=at("2021-02-02")))
        assert subscriptions.find(made.id) is None
        assert subscriptions.of_customer("c1") == []
        assert subscriptions.billable(None, "z") == []


def test_phases_and_items_are_rewritten_where_they_differ(database: Database, namespace: str) -> None:
    made = of("c1")
    edits: list[Patch] = [
        AddItem("paid", fee(amount="30")),
        RemoveItem("paid", "zulu"),
        AddPhase("last", "Last", Offset(12), description="The last one"),
        AddItem("last", fee()),
        StretchPhase("paid", Offset(1, 60)),
    ]
    now = at("2021-01-20")
    edited = patched(made, edits, Moment(now, now, KnownFeatures()))
    shorter = patched(edited, [RemovePhase("last", Shift.PREV)], Moment(now, now, KnownFeatures()))
    add(database, namespace, made)
    with database.transaction(namespace) as transaction:
        subscriptions = PostgresSubscriptions(transaction)
        subscriptions.update(made, edited)
        assert subscriptions.find(made.id) == edited
        subscriptions.update(edited, shorter)
        assert subscriptions.find(made.id) == shorter
        subscriptions.update(shorter, edited)
        assert subscriptions.find(made.id) == edited


def test_a_batch_holds_the_customers_after_the_one_and_up_to_the_other(database: Database, namespace: str) -> None:
    first, second, third, later = of("c1"), of("c2", end="2021-06-01"), of("c3"), of("c2", "2021-06-01")
    add(database, namespace, third, later, second, first)
    with database.transaction(namespace) as transaction:
        subscriptions = PostgresSubscriptions(transaction)
        assert subscriptions.billable(None, "c2") == [first, second, later]
        assert subscriptions.billable("c1", "c3") == [second, later, third]
        assert subscriptions.billable("c3", "c9") == []


def test_active_at_an_instant_means_started_and_not_ended(database: Database, namespace: str) -> None:
    first, second = of("c1", end="2021-06-01"), of("c1", "2021-06-01")
    add(database, namespace, first, second)
    with database.transaction(namespace) as transaction:
        subscriptions = PostgresSubscriptions(transaction)
        assert subscriptions.active_of(["c1", "c2"], at("2020-12-31")) == []
        assert subscriptions.active_of(["c1"], at("2021-01-01")) == [first]
        assert subscriptions.active_of(["c1"], at("2021-06-01")) == [second]
        assert subscriptions.active_of(["c2"], at("2021-06-01")) == []


def test_another_namespace_sees_nothing(database: Database, namespace: str) -> None:
    made = of("c1")
    add(database, namespace, made)
    with database.transaction("elsewhere") as transaction:
        subscriptions = PostgresSubscriptions(transaction)
        assert subscriptions.find(made.id) is None
        assert subscriptions.billable(None, "z") == []
        views = ("subscription_details", "subscriptions_in_json")
        for table in ("subscriptions", "subscription_phases", "subscription_items", *views):
            assert transaction.fetch_all(f"SELECT 1 FROM {table}") == []


def test_the_database_itself_refuses_a_second_subscription_in_the_same_time(database: Database, namespace: str) -> None:
    add(database, namespace, of("c1", end="2021-06-01"))
    add(database, namespace, of("c1", "2021-06-01"), of("c2"))
    with pytest.raises(psycopg.errors.ExclusionViolation):
        add(database, namespace, of("c1", "2021-05-31", end="2021-06-02"))


def test_a_batch_is_read_through_indexes(database: Database, namespace: str, owner_settings: PostgresSettings) -> None:
    add(database, namespace, *(of(f"c{number:04}") for number in range(300)))
    with connect(owner_settings, autocommit=True) as owner:
        for table in ("subscriptions", "subscription_phases", "subscription_items"):
            owner.execute(f"ANALYZE {table}".encode())
    with database.transaction(namespace) as transaction:
        batch = {"after_customer": "c0100", "up_to_customer": "c0110"}
        # add-ons are few here, and of few rows the planner reads all: what is asked is whether it must
        transaction.execute("SET LOCAL enable_seqscan = off")
        rows = transaction.fetch_all(
            "EXPLAIN " + queries("meterhouse.subscriptions", "subscriptions.sql")["billable"], batch
        )
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert re.search(r"Index Cond: .*customer_id > 'c0100'.*customer_id <= 'c0110'", plan)
    assert "Seq Scan" not in plan
