"""Reserve, settle, release: usage is allowed before the work is done and counted after it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from meterhouse.entitlements.balances import ReadBalances, Standings
from meterhouse.entitlements.holder import Holder, customer_of, lock_entitlement
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.reservation import (
    USUAL_TERM,
    Reservation,
    ReservationState,
    check_amount,
    check_term,
    event_count,
)
from meterhouse.entitlements.reservation_events import reservation_event
from meterhouse.entitlements.reset_usage import allowance_of
from meterhouse.entitlements.settled_usage import check_reservable, settlement_of
from meterhouse.entitlements.standing import Metered, Standing
from meterhouse.kernel.errors import Conflict, InvariantBroken, NotFound, Problem, Problems
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Place:
    """Whose reservations, and of which feature: the customer's id or key, and the feature's key."""

    customer: str
    feature_key: str


@dataclass(frozen=True, slots=True)
class NewReservation:
    """What is asked for; `expires_at` None: after the usual term."""

    amount: Decimal
    expires_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class ReservationRows(Protocol):
    def find(self, place: Place, reservation_id: str) -> Reservation | None:
        """That of a customer, a deleted one by its id alone; nobody else settles or releases it meanwhile."""

    def page(
        self, place: Place, states: Collection[ReservationState], at: datetime, limit: int, offset: int
    ) -> tuple[list[Reservation], int]:
        """Those in one of the states at `at`, or all without states, the latest first; and how many there are."""

    def add(self, reservation: Reservation) -> None: ...

    def update(self, reservation: Reservation) -> None: ...


class ReservationStore(Store, Protocol):
    @property
    def reservations(self) -> ReservationRows: ...
    @property
    def standings(self) -> Standings: ...


class Reservations:
    """Concurrent holds never exceed the balance: the entitlement is locked while it is read and the hold written."""

    def __init__(
        self,
        begin: Begin[ReservationStore],
        balances: ReadBalances,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
        bring: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`bring` is told how many usage events a request made, which its caller's quota counts."""
        self._begin = begin
        self._balances = balances
        self._now = now
        self._new_id = new_id
        self._bring = bring

    def reserve(self, namespace: str, place: Place, wanted: NewReservation) -> Reservation:
        """Hold an amount of what is left; of a soft limit any amount.

        Raises:
            NotFound: there is no such customer, or no entitlement of it is active.
            InvalidInput: the entitlement is not metered, its usage cannot be reserved, or not that much or so long.
            Conflict: `insufficient_balance`.
            Unavailable: the usage store does not answer; nothing is held.
        """
        with self._begin(namespace) as work:
            customer, _ = customer_of(work.store, Holder(place.customer))
            entitlement, at = lock_entitlement(work, customer.id, place.feature_key, self._now)
            allowance = allowance_of(entitlement)
            standing, metered = _standing(work.store, entitlement.id, at)
            # of two clocks the one behind must not overlook what the other wrote
            at = max([at, *(hold.created_at for hold in metered.holds), *(one.at for one in metered.settled)])
            expires_at = wanted.expires_at or at + USUAL_TERM
            _check(metered, wanted.amount, expires_at, at)
            if not allowance.is_soft_limit:
                left = self._balances.at(namespace, [standing], at)[entitlement.id].available
                _refuse_excess(wanted.amount, left)
            held = Reservation(
                id=self._new_id(),
                entitlement_id=entitlement.id,
                customer_id=customer.id,
                amount=wanted.amount,
                created_at=at,
                expires_at=expires_at,
                subject=metered.subjects[0],
                metadata=wanted.metadata,
            )
            work.store.reservations.add(held)
            work.publish(reservation_event("created", held, at))
            work.commit()
        return held

    def settle(
        self, namespace: str, place: Place, reservation_id: str, amount: Decimal, data: Mapping[str, Any]
    ) -> Reservation:
        """Let the hold go and count `amount` as used now; settling alike again changes nothing.

        Raises:
            NotFound: the customer has no such reservation of this feature.
            InvalidInput: the usage would not count for the feature with exactly this amount.
            Conflict: `reservation_settled`: otherwise; `reservation_released`.
        """
        at = self._now()
        with self._begin(namespace) as work:
            before = _found(work.store, place, reservation_id)
            _, metered = _standing(work.store, before.entitlement_id, at)
            subjects = metered.subjects
            subject = before.subject if before.subject in subjects or not subjects else subjects[0]
            settled = before.settled(settlement_of(metered, amount, data, subject, at))
            if settled is not before:
                work.store.reservations.update(settled)
                work.publish(reservation_event("settled", settled, at))
                work.commit()
                self._bring(event_count(metered.meter.aggregation, amount))
        return settled

    def release(self, namespace: str, place: Place, reservation_id: str) -> Reservation:
        """Let the hold go, with nothing used; releasing again changes nothing.

        Raises:
            NotFound: the customer has no such reservation of this feature.
            Conflict: `reservation_settled`.
        """
        at = self._now()
        with self._begin(namespace) as work:
            before = _found(work.store, place, reservation_id)
            released = before.released(at)
            if released is not before:
                work.store.reservations.update(released)
                work.publish(reservation_event("released", released, at))
                work.commit()
        return released

    def get(self, namespace: str, place: Place, reservation_id: str) -> Reservation:
        """Raises `NotFound`: the customer has no such reservation of this feature."""
        with self._begin(namespace) as work:
            return _found(work.store, place, reservation_id)

    def page(
        self, namespace: str, place: Place, states: Collection[ReservationState], *, size: int, number: int
    ) -> tuple[list[Reservation], int]:
        """One page, `number` from 1, and how many there are. Raises `NotFound`: there is no such customer."""
        at = self._now()
        with self._begin(namespace) as work:
            customer, _ = customer_of(work.store, Holder(place.customer))
            whose = Place(customer.id, place.feature_key)
            return work.store.reservations.page(whose, states, at, size, (number - 1) * size)


def _found(store: ReservationStore, place: Place, reservation_id: str) -> Reservation:
    found = store.reservations.find(place, reservation_id)
    if found is None:
        raise NotFound("reservation", reservation_id)
    return found


def _standing(store: ReservationStore, entitlement_id: str, at: datetime) -> tuple[Standing, Metered]:
    for standing in store.standings.of_entitlements([entitlement_id], at):
        if standing.metered is not None:
            return standing, standing.metered
    raise InvariantBroken(f"metered entitlement {entitlement_id} has no meter")


def _check(metered: Metered, amount: Decimal, expires_at: datetime, at: datetime) -> None:
    check_reservable(metered.meter)
    problems = Problems()
    check_amount(metered.meter.aggregation, amount, problems)
    check_term(expires_at, at, problems)
    if not metered.subjects:
        problems.add("", "customer_without_subject", "no usage can be the customer's: it has neither key nor subject")
    problems.raise_if_any("the amount cannot be reserved")


def _refuse_excess(amount: Decimal, left: Decimal) -> None:
    if amount > left:
        detail = f"{amount:f} cannot be reserved: {left:f} is left"
        problem = Problem("/amount", "insufficient_balance", detail)
        raise Conflict(detail, problem.code, [problem], {"available": f"{left:f}"})
