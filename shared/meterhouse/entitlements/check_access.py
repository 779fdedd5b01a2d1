"""Access: what a customer may use at an instant, and what is left of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.customers.model import Customer
from meterhouse.entitlements.balances import EntitlementBalance, ReadBalances
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.standing import CustomerStanding, Found, Standing
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem, Unavailable
from meterhouse.platform import clock

_AHEAD = timedelta(days=10 * 366)
"""What comes until then can be reckoned while somebody waits, even by the hour."""


class AccessStandings(Protocol):
    """Each is one round trip; raises `Unavailable`."""

    def of_holder(self, holder: Holder, at: datetime) -> Found:
        """The live customer, if there is one, with all that is active at `at`."""

    def named(self, holder: Holder, id_or_feature_key: str, at: datetime, now: datetime) -> Found:
        """The same with the entitlement of this id, and those of this key active at `at` or not over at `now`."""

    def of_subjects(self, names: Sequence[str], feature_keys: Collection[str] | None, at: datetime) -> Found:
        """The live customers with these keys or subjects, with what is active at `at` of these features, or of all."""


CreditLeft = Callable[[str, Mapping[str, Collection[str]], datetime], Mapping[str, AbstractSet[str]]]
"""Of a namespace's customers with keys of features those for which there is credit at an instant.

Raises `Unavailable`.
"""


def no_credit(
    _namespace: str, _wanted: Mapping[str, Collection[str]], _at: datetime, /
) -> Mapping[str, AbstractSet[str]]:
    """Where no room above knows credit, nobody has any."""
    return {}


@dataclass(frozen=True, slots=True)
class Access:
    """Whether a feature may be used.

    Attributes:
        entitlement: by which; None: by none, or nobody could say.
        balance: of a metered one that is active, if it could be measured.
        failed_open: a store did not answer, and the caller had said that then it may.
        lacks_credit: it might be used if there were credit, which was asked for.
    """

    has_access: bool
    entitlement: Entitlement | None = None
    balance: EntitlementBalance | None = None
    failed_open: bool = False
    lacks_credit: bool = False


NO_ACCESS = Access(has_access=False)
OPEN = Access(has_access=True, failed_open=True)


@dataclass(frozen=True, slots=True)
class CustomerAccess:
    """Attributes: `matched`: the names by which the customer was asked for; `features`: by key."""

    customer: Customer
    matched: Sequence[str]
    features: Mapping[str, Access]


@dataclass(frozen=True, slots=True)
class AccessOfMany:
    """Customers in order of their ids.

    Attributes:
        unknown: names that are nobody's.
        known_features: of the feature keys asked for those that are some live feature's.
        failed_open: names that were let pass unseen, because the customers could not be looked up.
    """

    at: datetime
    customers: Sequence[CustomerAccess]
    unknown: Sequence[str] = ()
    known_features: Collection[str] = ()
    failed_open: Sequence[str] = ()


class CheckAccess:
    """Wherever a store does not answer nobody gets access, unless the caller asked to fail open."""

    def __init__(
        self,
        read: Callable[[str], AccessStandings],
        balances: ReadBalances,
        now: Callable[[], datetime] = clock.now,
        credit: CreditLeft = no_credit,
    ) -> None:
        self._read = read
        self._balances = balances
        self._now = now
        self._credit = credit

    def value(
        self, namespace: str, holder: Holder, name: str, at: datetime | None = None, *, fail_open: bool = False
    ) -> Access | None:
        """Access by the entitlement of this id, or of this feature key, at `at` or now; None: there is none.

        Raises:
            InvalidInput: `at` is too far ahead.
            NotFound: there is no such customer.
            Unavailable: a store does not answer.
        """
        now = self._now()
        asked = at or now
        if asked - now > _AHEAD:
            fault = Problem("query:time", "too_far_ahead", "must not be more than ten years ahead")
            raise InvalidInput("nobody can tell so far ahead", [fault])
        try:
            found = self._read(namespace).named(holder, name, asked, now)
        except Unavailable:
            if fail_open:
                return OPEN
            raise
        standing = named(customer_of(found, holder).standings, name, asked)
        return None if standing is None else self._accesses(namespace, [standing], asked, fail_open=fail_open)[0]

    def of_customer(self, namespace: str, holder: Holder, *, fail_open: bool = False) -> Mapping[str, Access] | None:
        """Access to each feature that the customer is entitled to now, by its key; None: nobody could say.

        Raises:
            NotFound: there is no such customer.
            Unavailable: a store does not answer.
        """
        at = self._now()
        try:
            found = self._read(namespace).of_holder(holder, at)
        except Unavailable:
            if fail_open:
                return None
            raise
        standings = customer_of(found, holder).standings
        accesses = self._accesses(namespace, standings, at, fail_open=fail_open)
        return _by_feature(accesses)

    def of_many(
        self,
        namespace: str,
        names: Sequence[str],
        feature_keys: Collection[str] | None,
        chosen: Callable[[Sequence[CustomerStanding]], Sequence[CustomerStanding]] = list,
        *,
        with_credit: bool = False,
        fail_open: bool = False,
    ) -> AccessOfMany:
        """Access of the customers with these keys or subjects; `chosen` picks a page of them before usage is asked for.

        `with_credit`: to what there is credit for alone.

        Raises:
            Unavailable: a store does not answer.
        """
        at, asked = self._now(), list(dict.fromkeys(names))
        try:
            found = self._read(namespace).of_subjects(asked, feature_keys, at)
        except Unavailable:
            if fail_open:
                return AccessOfMany(at, [], failed_open=asked)
            raise
        page = chosen(found.customers)
        standings = [standing for customer in page for standing in customer.standings]
        accesses = iter(self._accesses(namespace, standings, at, fail_open=fail_open))
        customers = [
            CustomerAccess(one.customer, one.matched, _by_feature([next(accesses) for _ in one.standings]))
            for one in page
        ]
        if with_credit:
            customers = self._borne(namespace, customers, at, fail_open=fail_open)
        known = {name for customer in found.customers for name in customer.matched}
        unknown = [name for name in asked if name not in known]
        return AccessOfMany(at, customers, unknown, found.features)

    def _borne(
        self, namespace: str, customers: Sequence[CustomerAccess], at: datetime, *, fail_open: bool
    ) -> list[CustomerAccess]:
        """The same less access that no credit bears; credit is asked for only where it matters."""
        usable = {
            one.customer.id: {key for key, access in one.features.items() if access.has_access} for one in customers
        }
        wanted = {customer_id: keys for customer_id, keys in usable.items() if keys}
        try:
            left = self._credit(namespace, wanted, at) if wanted else {}
        except Unavailable:
            if not fail_open:
                raise
            return [_changed(one, usable[one.customer.id], _unseen) for one in customers]
        lacking = {customer_id: keys - left.get(customer_id, frozenset()) for customer_id, keys in usable.items()}
        return [_changed(one, lacking[one.customer.id], _unborne) for one in customers]

    def _accesses(
        self, namespace: str, standings: Sequence[Standing], at: datetime, *, fail_open: bool
    ) -> list[Access]:
        """In the same order; usage is asked for only where it matters."""
        metered = [one for one in standings if one.metered is not None and one.entitlement.is_active(at)]
        try:
            balances = self._balances.at(namespace, metered, at) if metered else {}
        except Unavailable:
            if not fail_open:
                raise
            balances = {}
        return [_access(standing, balances.get(standing.entitlement.id), at) for standing in standings]


def customer_of(found: Found, holder: Holder) -> CustomerStanding:
    """The one customer. Raises `NotFound`."""
    if not found.customers:
        raise NotFound("customer of subject" if holder.is_subject else "customer", holder.name)
    return found.customers[0]


def named(standings: Sequence[Standing], name: str, at: datetime) -> Standing | None:
    """That of this id; else, of those of this feature key, the one that is active at `at`, or else any."""

    def rank(standing: Standing) -> tuple[bool, bool]:
        return standing.entitlement.id == name, standing.entitlement.is_active(at)

    return max(standings, key=rank, default=None)


def _access(standing: Standing, balance: EntitlementBalance | None, at: datetime) -> Access:
    entitlement = standing.entitlement
    if not entitlement.is_active(at):
        return Access(has_access=False, entitlement=entitlement)
    if standing.metered is None:
        return Access(has_access=True, entitlement=entitlement)
    if balance is None:
        return Access(has_access=True, entitlement=entitlement, failed_open=True)
    return Access(balance.has_access, entitlement, balance)


def _unseen(access: Access) -> Access:
    return replace(access, failed_open=True)


def _unborne(access: Access) -> Access:
    return replace(access, has_access=False, lacks_credit=True)


def _changed(
    customer: CustomerAccess, feature_keys: Collection[str], change: Callable[[Access], Access]
) -> CustomerAccess:
    changed = {key: change(customer.features[key]) for key in feature_keys}
    return replace(customer, features={**customer.features, **changed})


def _by_feature(accesses: Sequence[Access]) -> dict[str, Access]:
    return {access.entitlement.feature_key: access for access in accesses if access.entitlement is not None}
