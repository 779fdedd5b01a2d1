"""A metered entitlement is granted usage."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.entitlements.events import grant_created
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.grant_rules import GrantBounds, new_grant
from meterhouse.entitlements.holder import Holder, customer_of, lock_entitlement
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.reset_usage import allowance_of
from meterhouse.entitlements.spec import GrantSpec
from meterhouse.kernel.errors import Problems
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin


class GrantUsage:
    def __init__(
        self,
        begin: Begin[Store],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def __call__(self, namespace: str, holder: Holder, id_or_feature_key: str, spec: GrantSpec) -> Grant:
        """Add a grant; also to an entitlement that a subscription manages: a top-up.

        Raises:
            NotFound: there is no such customer or entitlement, or it is over.
            InvalidInput: it is not metered; or as `grant_rules.new_grant` says.
        """
        problems = Problems()
        with self._begin(namespace) as work:
            customer, _ = customer_of(work.store, holder)
            entitlement, at = lock_entitlement(work, customer.id, id_or_feature_key, self._now)
            bounds = GrantBounds(entitlement.id, allowance_of(entitlement).periods, at)
            grant = new_grant(self._new_id(), bounds, spec, problems)
            problems.raise_if_any("the grant cannot be created")
            after = entitlement.changed()
            work.store.grants.add([grant])
            work.store.entitlements.update(after)
            work.store.snapshots.forget_after(after.id, grant.effective_at, after.changes)
            work.publish(grant_created(grant, after))
            work.commit()
        return grant
