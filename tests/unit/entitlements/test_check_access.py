"""Who gets access when stores answer, and when they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.balances import EntitlementBalance
from meterhouse.entitlements.check_access import NO_ACCESS, OPEN, Access, CheckAccess, named
from meterhouse.entitlements.entitlement import Allowance, EntitlementType
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.standing import CustomerStanding, Found, Standing
from meterhouse.kernel.errors import NotFound, Unavailable
from tests.unit.entitlements.samples import BEGIN, NOW, entitlement, periods
from tests.unit.entitlements.test_metered_usage import metered
from tests.unit.subscriptions.samples import at

ACME = Holder("acme")
METERED = Standing(entitlement(), metered())
SOFT = Standing(replace(entitlement(), allowance=Allowance(periods(), is_soft_limit=True)), metered())
BOOLEAN = Standing(replace(entitlement(), id="sso", feature_key="sso", type=EntitlementType.BOOLEAN, allowance=None))
ENDED = Standing(replace(entitlement(active_to=at("2024-03-01")), id="ended"), metered())


@dataclass
class Stores:
    """Both stores of one customer: what stands, what is left; either may be silent."""

    standings: Sequence[Standing] = ()
    left: int = 5
    customers: Sequence[str] = ("acme",)
    silent: str = ""
    asked: list[str] = field(default_factory=list)

    def __call__(self, _namespace: str) -> "Stores":
        if self.silent == "database":
            raise Unavailable("silent")
        return self

    def of_holder(self, _holder: Holder, _at: datetime) -> Found:
        return Found([_customer(name, self.standings) for name in self.customers])

    def named(self, holder: Holder, _name: str, when: datetime, _now: datetime) -> Found:
        return self.of_holder(holder, when)

    def of_subjects(self, names: Sequence[str], _keys: object, _at: datetime) -> Found:
        return Found([_customer(name, self.standings) for name in names if name in self.customers], {"tokens"})

    def at(self, _namespace: str, standings: Sequence[Standing], when: datetime) -> Mapping[str, EntitlementBalance]:
        if self.silent == "usage store":
            raise Unavailable("silent")
        self.asked += [standing.entitlement.id for standing in standings]
        left = Balance(when, BEGIN, {"g": Decimal(self.left)})
        return {standing.entitlement.id: EntitlementBalance(standing.entitlement, when, left) for standing in standings}


def _customer(name: str, standings: Sequence[Standing]) -> CustomerStanding:
    customer = Customer(f"id-{name}", CustomerDetails("Name", name), BEGIN, BEGIN)
    own = [replace(one, entitlement=replace(one.entitlement, id=f"{one.entitlement.id}-{name}")) for one in standings]
    return CustomerStanding(customer, [name], own)


def check(stores: Stores) -> CheckAccess:
    return CheckAccess(stores, stores, lambda: NOW)


def value(stores: Stores, **more: Any) -> Access | None:
    return check(stores).value("ns", ACME, "tokens", **more)


@pytest.mark.parametrize(
    ("standing", "left", "has_access"),
    [(METERED, 5, True), (METERED, 0, False), (SOFT, 0, True), (BOOLEAN, 0, True), (ENDED, 5, False)],
)
def test_access_follows_from_time_type_and_what_is_left(standing: Standing, left: int, has_access: bool) -> None:
    found = value(Stores([standing], left))
    assert found is not None
    assert (found.has_access, found.failed_open) == (has_access, False)


def test_usage_is_asked_for_only_where_it_matters() -> None:
    stores = Stores([BOOLEAN, ENDED])
    check(stores).of_customer("ns", ACME)
    value(Stores([ENDED]))
    assert stores.asked == []


def test_nobody_is_nobody_and_nothing_is_nothing() -> None:
    with pytest.raises(NotFound, match="customer 'acme' not found"):
        value(Stores([METERED], customers=()))
    assert value(Stores()) is None
    assert not NO_ACCESS.has_access


@pytest.mark.parametrize("silent", ["database", "usage store"])
def test_a_silent_store_gives_nobody_access(silent: str) -> None:
    stores = Stores([METERED, SOFT], silent=silent)
    with pytest.raises(Unavailable):
        value(stores)
    with pytest.raises(Unavailable):
        check(stores).of_customer("ns", ACME)
    with pytest.raises(Unavailable):
        check(stores).of_many("ns", ["acme"], None)


def test_who_fails_open_passes_what_nobody_can_say_and_nothing_else() -> None:
    assert value(Stores(silent="database"), fail_open=True) == OPEN
    assert check(Stores(silent="database")).of_customer("ns", ACME, fail_open=True) is None
    blind = Stores([METERED], silent="usage store")
    found = value(blind, fail_open=True)
    assert found is not None
    assert (found.has_access, found.failed_open, found.balance) == (True, True, None)
    ended = value(Stores([ENDED], silent="usage store"), fail_open=True)
    assert ended is not None
    assert (ended.has_access, ended.failed_open) == (False, False)
    with pytest.raises(NotFound):
        value(Stores(customers=(), silent="usage store"), fail_open=True)
    assert value(Stores(silent="usage store"), fail_open=True) is None


def test_of_many_only_the_page_is_reckoned() -> None:
    stores = Stores([METERED], customers=("a", "b", "c"))
    found = check(stores).of_many("ns", ["a", "x", "b", "c", "x"], None, lambda customers: customers[1:2])
    assert stores.asked == ["entitlement-b"]
    assert [one.matched for one in found.customers] == [["b"]]
    assert (found.unknown, found.known_features) == (["x"], {"tokens"})


def test_names_that_could_not_be_looked_up_are_told_once_each() -> None:
    found = check(Stores(silent="database")).of_many("ns", ["a", "b", "a"], None, fail_open=True)
    assert (found.failed_open, found.customers, found.unknown) == (["a", "b"], [], ())


def test_an_id_goes_before_a_key_and_what_is_active_before_what_is_not() -> None:
    later = replace(METERED, entitlement=replace(entitlement(active_from=at("2025-01-01")), id="later"))
    assert named([later, METERED], "tokens", NOW) == METERED
    assert named([METERED, later], "later", NOW) == later
    assert named([later], "tokens", NOW) == later
    assert named([], "tokens", NOW) is None
