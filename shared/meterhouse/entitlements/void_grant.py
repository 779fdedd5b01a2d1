"""A grant is voided: nothing is left of it from then on."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.entitlements.events import grant_voided
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.grant_rules import voided
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.reset_usage import allowance_of
from meterhouse.kernel.errors import NotFound
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class VoidGrant:
    def __init__(self, begin: Begin[Store], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, namespace: str, grant_id: str, at: datetime | None = None) -> None:
        """Void it at `at`, or now; usage that it bore before stays borne.

        Raises:
            NotFound: there is no such grant, or its entitlement is over.
            InvalidInput: as `grant_rules.voided`.
        """
        with self._begin(namespace) as work:
            work.lock("entitlement", _found(work.store, grant_id).entitlement_id)
            # as it is once nobody else changes it
            before, now = _found(work.store, grant_id), self._now()
            entitlement = work.store.entitlements.find(before.entitlement_id)
            if entitlement is None or entitlement.is_over(now):
                raise NotFound("grant", grant_id)
            grant = voided(before, at, allowance_of(entitlement).periods, now)
            after = entitlement.changed()
            work.store.grants.void(grant)
            work.store.entitlements.update(after)
            work.store.snapshots.forget_after(after.id, grant.voided_at or now, after.changes)
            work.publish(grant_voided(grant, after))
            work.commit()


def _found(store: Store, grant_id: str) -> Grant:
    grant = store.grants.find(grant_id)
    if grant is None:
        raise NotFound("grant", grant_id)
    return grant
