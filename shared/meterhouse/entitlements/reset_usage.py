"""Usage of a metered entitlement counts from zero again."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.entitlements.entitlement import Allowance, Entitlement
from meterhouse.entitlements.events import entitlement_reset
from meterhouse.entitlements.holder import Holder, customer_of, lock_entitlement
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.reset_rules import new_reset
from meterhouse.entitlements.spec import ResetSpec
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class ResetUsage:
    def __init__(self, begin: Begin[Store], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, namespace: str, holder: Holder, id_or_feature_key: str, spec: ResetSpec) -> Entitlement:
        """Begin a new usage period by hand.

        Raises:
            NotFound: there is no such customer or entitlement, or it is over.
            InvalidInput: it is not metered; or as `reset_rules.new_reset`.
        """
        with self._begin(namespace) as work:
            customer, _ = customer_of(work.store, holder)
            before, at = lock_entitlement(work, customer.id, id_or_feature_key, self._now)
            reset = new_reset(spec, allowance_of(before).periods, at)
            after = before.reset(reset, at)
            work.store.entitlements.add_reset(after.id, reset, at)
            work.store.entitlements.update(after)
            work.store.snapshots.forget_after(after.id, reset.at, after.changes)
            work.publish(entitlement_reset(after, reset))
            work.commit()
        return after


def allowance_of(entitlement: Entitlement) -> Allowance:
    """The terms of a metered one.

    Raises:
        InvalidInput: it is of another type, which has neither usage nor grants.
    """
    if entitlement.allowance is None:
        message = f"the entitlement is {entitlement.type}: it has neither usage nor grants"
        raise InvalidInput("the entitlement is not metered", [Problem("", "entitlement_not_metered", message)])
    return entitlement.allowance
