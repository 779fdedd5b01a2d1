"""The entitlements that a subscription brings come and go with it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from meterhouse.entitlements.end_entitlement import end, store_end
from meterhouse.entitlements.entitle import lock_feature, named_feature, refuse_overlap, write_entitlement
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.events import entitlement_deleted, entitlement_rescheduled
from meterhouse.entitlements.managed import settlement
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.spec import EntitlementSpec
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform import ids
from meterhouse.platform.work import Work


def settle_managed(
    work: Work[Store],
    customer_id: str,
    subscription_id: str,
    wanted: Sequence[EntitlementSpec],
    at: datetime,
    new_id: Callable[[], str] = ids.new_id,
) -> None:
    """Bring the subscription's entitlements to what it wants; see `managed.settlement`. Again, it changes nothing.

    The caller holds the customer's lock, and commits. Of a customer's features and entitlements the locks are taken
    in order of their names, features first, as everywhere in this room.

    Raises:
        Conflict: `entitlement_already_exists`: the customer has another entitlement in that time, of which `facts`
            tell the id; or `entitlement_not_possible`: a feature cannot be had like this. All problems at once.
    """
    have = work.store.entitlements.managed_by(subscription_id)
    if not have and not wanted:
        return
    live = _locked(work, customer_id, [one for one in have if not one.is_over(at)], wanted)
    over = [one for one in have if one.is_over(at)]
    due = settlement([*over, *live], wanted, at)
    for removed in due.removed:
        work.publish(entitlement_deleted(end(work.store, removed, at)))
    refused = _Refused()
    for moved in due.moved:
        with refused.noted():
            _move(work, moved, at)
    for spec in due.made:
        with refused.noted():
            write_entitlement(work, customer_id, named_feature(work.store, spec), spec, at, new_id)
    refused.raise_if_any()


def _locked(
    work: Work[Store], customer_id: str, live: Sequence[Entitlement], wanted: Sequence[EntitlementSpec]
) -> list[Entitlement]:
    """Those of `live` as they are once nobody else changes them."""
    for key in sorted({*(one.feature_key for one in live), *(spec.feature_key or "" for spec in wanted)}):
        lock_feature(work, customer_id, key)
    for entitlement_id in sorted(one.id for one in live):
        work.lock("entitlement", entitlement_id)
    return [found for one in live if (found := work.store.entitlements.find(one.id)) is not None]


def _move(work: Work[Store], moved: Entitlement, at: datetime) -> None:
    refuse_overlap(work.store, moved, at)
    store_end(work.store, moved, min(at, moved.active_to or at))
    work.publish(entitlement_rescheduled(moved))


class _Refused:
    """What cannot be, of all that should be."""

    def __init__(self) -> None:
        self._conflict: Conflict | None = None
        self._problems: list[Problem] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        try:
            yield
        except (Conflict, InvalidInput) as error:
            if self._conflict is None and isinstance(error, Conflict):
                self._conflict = error
            # the caller wrote no entitlement to point into
            self._problems += [Problem("", problem.code, problem.message) for problem in error.problems]

    def raise_if_any(self) -> None:
        if self._problems:
            code, facts = "entitlement_not_possible", {}
            if self._conflict is not None:
                code, facts = self._conflict.code, self._conflict.facts
            detail = "; ".join(problem.message for problem in self._problems)
            raise Conflict(detail, code, self._problems, facts)
