"""Putting plans on sale and taking them off; what others may sell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.catalog.feature_service import CATALOG_LOCK
from meterhouse.catalog.plan import Plan, PlanSpec, PlanStatus
from meterhouse.catalog.plan_events import plan_event
from meterhouse.catalog.plan_rules import spec_problems
from meterhouse.catalog.plan_service import ShownPlan, found, refuse_unless, sale_problems
from meterhouse.catalog.ports import CatalogStore
from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin


class PlanSale:
    def __init__(
        self,
        begin: Begin[CatalogStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def publish(self, namespace: str, plan_id: str) -> ShownPlan:
        """Put a version on sale from now on; the one on sale until now is archived at the same instant.

        Raises:
            NotFound: there is no such plan.
            Conflict: `plan_not_publishable`: it is on sale or was.
            InvalidInput: all problems that keep it from being sold.
        """
        at = self._now()
        with self._begin(namespace) as work:
            work.lock(CATALOG_LOCK)
            plan = found(work.store, plan_id)
            refuse_unless(plan, at, "plan_not_publishable", PlanStatus.DRAFT, PlanStatus.SCHEDULED)
            refuse_unsellable(work.store, plan.spec)
            before = work.store.plans.of_key(plan.key, None, at)
            if before is not None:
                ended = replace(before, effective_to=at, updated_at=at)
                work.store.plans.update(ended)
                work.publish(plan_event(self._new_id(), "plan.archived", ended))
            plan = replace(plan, effective_from=at, effective_to=None, updated_at=at)
            work.store.plans.update(plan)
            work.publish(plan_event(self._new_id(), "plan.published", plan))
            work.commit()
        return ShownPlan(plan, plan.status(at))

    def archive(self, namespace: str, plan_id: str) -> ShownPlan:
        """Take a version off sale from now on. Subscriptions to it go on.

        Raises:
            NotFound: there is no such plan.
            Conflict: `plan_not_active`: it is not on sale.
        """
        at = self._now()
        with self._begin(namespace) as work:
            work.lock(CATALOG_LOCK)
            plan = found(work.store, plan_id)
            refuse_unless(plan, at, "plan_not_active", PlanStatus.ACTIVE)
            plan = replace(plan, effective_to=at, updated_at=at)
            work.store.plans.update(plan)
            work.publish(plan_event(self._new_id(), "plan.archived", plan))
            work.commit()
        return ShownPlan(plan, plan.status(at))


class PlansOnSale:
    """What rooms above ask of the catalog, inside their own transaction."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store

    def of_key(self, key: str, version: int | None, at: datetime) -> Plan | None:
        """The plan's `version`, or without one the version that is active at `at`."""
        return self._store.plans.of_key(key, version, at)

    def refuse_unsellable(self, spec: PlanSpec, root: str = "") -> None:
        """Raise `InvalidInput` with everything that would keep a plan of this spec from being published.

        The problems point into the contract's plan behind `root`, such as `/customPlan`.
        """
        refuse_unsellable(self._store, spec, root)


def refuse_unsellable(store: CatalogStore, spec: PlanSpec, root: str = "") -> None:
    """Raise `InvalidInput` with all problems of the spec, or do nothing."""
    contradictions = spec_problems(spec, root)
    problems = [*contradictions, *(sale_problems(store, spec, root) if spec.phases else ())]
    if problems:
        raise InvalidInput(f"the plan cannot be sold: {len(problems)} problem(s)", problems)
