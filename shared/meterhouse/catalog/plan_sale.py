"""Putting plans on sale and taking them off."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.catalog.feature_service import CATALOG_LOCK
from meterhouse.catalog.plan import PlanSpec, PlanStatus
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
            _refuse_unsellable(work.store, plan.spec)
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


def _refuse_unsellable(store: CatalogStore, spec: PlanSpec) -> None:
    problems = [*spec_problems(spec), *(sale_problems(store, spec) if spec.phases else ())]
    if problems:
        raise InvalidInput(f"the plan cannot be sold: {len(problems)} problem(s)", problems)
