"""Entitlements that a subscription brings, as the room above has them settled."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.entitlements.entitlement import Entitlement, EntitlementType, Issue
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.management import management
from meterhouse.entitlements.postgres import PostgresEntitlements, PostgresStore
from meterhouse.entitlements.settle_managed import settle_managed
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, GrantSpec, RecurrenceSpec
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.entitlements.house import ACME, METERED, House
from tests.unit.subscriptions.samples import at

SUBSCRIPTION = "01HZ0000000000000000000001"
APRIL, MAY = at("2024-04-01"), at("2024-05-01")
TOKENS = EntitlementSpec(
    EntitlementType.METERED,
    feature_key="tokens",
    usage_period=RecurrenceSpec(Cadence.parse("P1M"), at("2024-01-10")),
    allowance=AllowanceSpec(issue=Issue(Decimal(10))),
    active_from=at("2024-03-10"),
    managed_by=SUBSCRIPTION,
    managed_item="tokens",
)
SSO = replace(TOKENS, type=EntitlementType.BOOLEAN, feature_key="sso", managed_item="sso", allowance=None)


def settle(house: House, *wanted: EntitlementSpec, database: Database | None = None) -> None:
    features = {"tokens": house.tokens, "sso": house.sso}
    named = [replace(spec, feature_id=features.get(spec.feature_key or "")) for spec in wanted]
    with begins(database or house.database, PostgresStore)(house.namespace) as work:
        work.lock("customer", house.customer)
        settle_managed(work, house.customer, SUBSCRIPTION, named, house.now)
        work.commit()


def managed(house: House) -> Sequence[Entitlement]:
    with house.database.transaction(house.namespace) as transaction:
        return PostgresEntitlements(transaction).managed_by(SUBSCRIPTION)


def told(house: House) -> list[str]:
    return [kind for kind, _ in house.events()]


def test_what_is_wanted_is_there_with_what_it_issues_and_the_same_again_changes_nothing(house: House) -> None:
    settle(house, TOKENS, SSO)
    settle(house, TOKENS, SSO)

    shown = house.ok("GET", f"{ACME}/tokens")
    assert (shown["activeFrom"], shown["issueAfterReset"]) == ("2024-03-10T00:00:00Z", 10)
    assert shown["currentUsagePeriod"] == {"from": "2024-03-10T00:00:00Z", "to": "2024-04-10T00:00:00Z"}
    assert house.ok("GET", f"{ACME}/sso")["type"] == "boolean"
    assert [(one.managed_item, one.changes) for one in managed(house)] == [("tokens", 0), ("sso", 0)]
    assert sorted(told(house)) == ["entitlement.created", "entitlement.created", "grant.created"]


def test_its_end_is_moved_there_and_back_with_an_event_each_time(house: House) -> None:
    settle(house, TOKENS)
    settle(house, replace(TOKENS, active_to=APRIL))
    assert house.ok("GET", f"{ACME}/tokens")["activeTo"] == "2024-04-01T00:00:00Z"
    settle(house, TOKENS)

    assert "activeTo" not in house.ok("GET", f"{ACME}/tokens")
    moves = [data["activeTo"] for kind, data in house.events() if kind == "entitlement.rescheduled"]
    assert moves == ["2024-04-01T00:00:00Z", None]


def test_moving_the_end_makes_older_snapshots_those_of_the_new_count_and_later_ones_void(house: House) -> None:
    settle(house, TOKENS)
    [one] = managed(house)
    for day, changes in (("2024-03-12", 0), ("2024-03-20", 0)):
        row = {"id": one.id, "at": at(day), "changes": changes}
        with house.database.transaction(house.namespace) as transaction:
            transaction.execute(
                "INSERT INTO balance_snapshots (namespace, entitlement_id, at, changes, basis, late_mark, state,"
                " recorded_at) VALUES (%(namespace)s, %(id)s, %(at)s, %(changes)s, '', 0, '{}', %(at)s)",
                row,
            )
            transaction.commit()

    settle(house, replace(TOKENS, active_to=house.now))

    left = house.rows("SELECT at, changes FROM balance_snapshots WHERE namespace = %(namespace)s")
    assert [(row["at"], row["changes"]) for row in left] == [(at("2024-03-12"), 1)]


def test_one_that_never_began_is_told_as_deleted_and_leaves_its_time(house: House) -> None:
    coming = replace(TOKENS, active_from=APRIL)
    settle(house, coming)
    settle(house)

    [gone] = managed(house)
    assert (gone.active_to, gone.deleted_at) == (APRIL, house.now)
    assert told(house)[-1] == "entitlement.deleted"
    settle(house, coming)
    assert [one.active_to for one in managed(house) if one.deleted_at is None] == [None]


def test_what_somebody_made_by_hand_is_named_and_nothing_is_half_written(house: House) -> None:
    made = house.ok("POST", ACME, {"type": "boolean", "featureKey": "sso"})

    with pytest.raises(Conflict) as refused:
        settle(house, TOKENS, SSO)

    assert (refused.value.code, refused.value.facts) == ("entitlement_already_exists", {"entitlementId": made["id"]})
    assert managed(house) == []
    assert told(house) == ["entitlement.created"]


def test_one_by_hand_that_follows_keeps_the_end_from_being_moved_beyond_it(house: House) -> None:
    settle(house, replace(TOKENS, active_to=APRIL))
    house.now = APRIL
    made = house.ok("POST", ACME, METERED)
    house.now = at("2024-03-31")

    with pytest.raises(Conflict) as refused:
        settle(house, TOKENS)

    assert refused.value.facts == {"entitlementId": made["id"]}
    assert [one.active_to for one in managed(house)] == [APRIL]


def test_every_feature_that_cannot_be_had_is_told_at_once(house: House) -> None:
    unmetered = replace(TOKENS, feature_key="sso", managed_item="sso")

    with pytest.raises(Conflict) as refused:
        settle(house, unmetered, replace(TOKENS, feature_key="none", managed_item="none"))

    assert refused.value.code == "entitlement_not_possible"
    assert {(p.field, p.code) for p in refused.value.problems} == {
        ("", "feature_not_metered"),
        ("", "feature_not_found"),
    }


def test_what_was_sold_is_included_though_its_feature_was_archived_since(house: House) -> None:
    house.archive_feature(house.sso)

    settle(house, SSO)

    assert [one.feature_id for one in managed(house)] == [house.sso]


def test_a_reset_by_hand_outlives_a_moved_end(house: House) -> None:
    settle(house, TOKENS)
    house.now = at("2024-03-16")
    house.ok("POST", f"{ACME}/tokens/reset", {})
    settle(house, replace(TOKENS, active_to=MAY))

    shown = house.ok("GET", f"{ACME}/tokens")
    assert (shown["lastReset"], shown["activeTo"]) == ("2024-03-16T00:00:00Z", "2024-05-01T00:00:00Z")
    assert [one.changes for one in managed(house)] == [2]


def test_of_many_at_once_one_makes_them(house: House, database_settings: PostgresSettings) -> None:
    def one(_: int) -> None:
        own = Database(lambda: database_settings)
        try:
            settle(house, TOKENS, SSO, database=own)
        finally:
            own.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(4)))

    assert len(managed(house)) == 2
    assert sorted(told(house)) == ["entitlement.created", "entitlement.created", "grant.created"]


def test_grants_at_the_same_time_as_ends_are_moved_are_all_counted(
    house: House, database_settings: PostgresSettings
) -> None:
    settle(house, TOKENS)

    def one(number: int) -> None:
        own = Database(lambda: database_settings)
        try:
            if number % 2:
                settle(house, replace(TOKENS, active_to=APRIL.replace(day=number)), database=own)
            else:
                grant = management(begins(own, PostgresStore), lambda: house.now).grant
                grant(house.namespace, Holder("acme"), "tokens", GrantSpec(Decimal(1), house.now))
        finally:
            own.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(1, 11)))

    [entitlement] = managed(house)
    assert entitlement.changes == 10
    assert entitlement.active_to is not None
