"""Entitlements with a time of their own, as the subscriptions room will write them."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from meterhouse.entitlements.entitle import Entitle
from meterhouse.entitlements.entitlement import Entitlement, EntitlementType, Issue
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.postgres import PostgresGrants, PostgresStore
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, RecurrenceSpec
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.postgres import begins
from tests.integration.entitlements.house import ACME, METERED, House
from tests.unit.subscriptions.samples import at

APRIL, MAY = at("2024-04-01T00:00:30Z"), at("2024-05-01")
SPEC = EntitlementSpec(
    EntitlementType.METERED,
    feature_key="tokens",
    usage_period=RecurrenceSpec(Cadence.parse("P1M")),
    allowance=AllowanceSpec(issue=Issue(Decimal(10))),
    active_from=APRIL,
    active_to=MAY,
    managed_by="01HZ0000000000000000000001",
    managed_item="01HZ0000000000000000000002",
    annotations={"subscription": {"item": 1}},
)


def entitle(house: House, spec: EntitlementSpec = SPEC) -> Entitlement:
    use = Entitle(begins(house.database, PostgresStore), lambda: house.now)
    return use(house.namespace, Holder("acme"), spec).entitlement


def test_one_that_is_still_to_be_is_found_by_its_id_alone(house: House) -> None:
    made = entitle(house)

    shown = house.ok("GET", f"{ACME}/{made.id}")

    assert (shown["activeFrom"], shown["activeTo"]) == ("2024-04-01T00:00:30Z", "2024-05-01T00:00:00Z")
    assert shown["measureUsageFrom"] == shown["usagePeriod"]["anchor"] == "2024-04-01T00:00:00Z"
    assert shown["currentUsagePeriod"] == {"from": "2024-04-01T00:00:00Z", "to": "2024-05-01T00:00:00Z"}
    assert shown["annotations"] == {"subscription": {"item": 1}}
    assert house.call("GET", f"{ACME}/tokens")[0] == 404
    house.now = APRIL
    assert house.ok("GET", f"{ACME}/tokens")["id"] == made.id
    house.now = MAY
    assert house.call("GET", f"{ACME}/tokens")[0] == 404
    assert house.call("POST", f"{ACME}/{made.id}/reset", {})[0] == 404


def test_what_it_issues_begins_with_it(house: House) -> None:
    made = entitle(house)

    with house.database.transaction(house.namespace) as transaction:
        [grant] = PostgresGrants(transaction).of_entitlement(made.id)

    assert grant.effective_at == at("2024-04-01")


def test_one_to_come_leaves_no_room_for_one_without_end(house: House) -> None:
    entitle(house)

    assert house.call("POST", ACME, METERED)[0] == 409
    entitle(house, replace(SPEC, active_from=None, active_to=APRIL))
    entitle(house, replace(SPEC, active_from=MAY, active_to=None))


@pytest.mark.parametrize(("starts", "ends"), [(None, None), (APRIL, APRIL.replace(day=2)), (None, at("2024-04-02"))])
def test_one_that_overlaps_is_refused(house: House, starts: datetime | None, ends: datetime | None) -> None:
    entitle(house)

    with pytest.raises(Conflict):
        entitle(house, replace(SPEC, active_from=starts, active_to=ends))


def test_one_that_was_to_come_and_was_ended_leaves_its_time(house: House) -> None:
    made = entitle(house, replace(SPEC, managed_by=None, managed_item=None))
    house.ok("DELETE", f"{ACME}/{made.id}")

    again = entitle(house, replace(SPEC, managed_by=None, managed_item=None))

    assert house.ok("GET", f"{ACME}/{made.id}")["activeTo"] == "2024-04-01T00:00:30Z"
    assert house.ok("GET", f"{ACME}/{again.id}")["activeTo"] == "2024-05-01T00:00:00Z"


def test_one_of_the_past_meets_those_that_were_then(house: House) -> None:
    house.entitled()
    house.now = at("2024-06-01")
    house.ok("DELETE", f"{ACME}/tokens")

    with pytest.raises(Conflict):
        entitle(house)
