"""Plans of a namespace: draft, show, list, replace, delete. Putting them on sale is `plan_sale.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.catalog.feature_service import CATALOG_LOCK
from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.plan import Plan, PlanSpec, PlanStatus
from meterhouse.catalog.plan_events import plan_event
from meterhouse.catalog.plan_rules import feature_keys, publish_problems, spec_problems
from meterhouse.catalog.ports import CatalogStore, PlanFilter, Slice
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan as of an instant; `problems` keep a draft from being published."""

    plan: Plan
    status: PlanStatus
    problems: Sequence[Problem] = ()


class PlanService:
    def __init__(
        self,
        begin: Begin[CatalogStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def create(self, namespace: str, key: str, spec: PlanSpec) -> ShownPlan:
        """Draft the next version of a key; the first is 1. A draft may have faults that only publishing refuses.

        Raises:
            InvalidInput: see `plan_rules.spec_problems`.
            Conflict: `plan_draft_exists`: the key has a draft.
        """
        _refuse(spec_problems(spec), "the plan contradicts itself")
        with self._begin(namespace) as work:
            drafted = self._draft(work, key, spec)
            work.commit()
        return drafted

    def next(self, namespace: str, id_or_key: str) -> ShownPlan:
        """Draft a new version as a copy of a plan; of a key, the latest version is copied.

        Raises:
            NotFound: there is no such plan.
            Conflict: `plan_draft_exists`: the key has a draft.
        """
        with self._begin(namespace) as work:
            plan = work.store.plans.find(id_or_key) or work.store.plans.latest(id_or_key)
            if plan is None:
                raise NotFound("plan", id_or_key)
            drafted = self._draft(work, plan.key, plan.spec)
            work.commit()
        return drafted

    def get(self, namespace: str, id_or_key: str, *, latest: bool = False) -> ShownPlan:
        """A plan by id; by key the version on sale, or with `latest` the highest one.

        Raises:
            NotFound: there is no such plan.
        """
        at = self._now()
        with self._begin(namespace) as work:
            plans = work.store.plans
            by_key = plans.latest(id_or_key) if latest else plans.of_key(id_or_key, None, at)
            plan = plans.find(id_or_key) or by_key
            if plan is None:
                raise NotFound("plan", id_or_key)
            return shown(work.store, [plan], at)[0]

    def page(self, namespace: str, wanted: PlanFilter, rows: Slice) -> tuple[list[ShownPlan], int]:
        with self._begin(namespace) as work:
            plans, total = work.store.plans.page(wanted, rows)
            return shown(work.store, plans, wanted.at), total

    def replace(self, namespace: str, plan_id: str, change: Callable[[PlanSpec], PlanSpec]) -> ShownPlan:
        """Rewrite a plan that is not on sale yet.

        Raises:
            NotFound: there is no such plan.
            InvalidInput: see `plan_rules.spec_problems`; for a scheduled plan also `publish_problems`.
            Conflict: `plan_not_editable`: it is on sale or was.
        """
        at = self._now()
        with self._begin(namespace) as work:
            work.lock(CATALOG_LOCK)
            plan = found(work.store, plan_id)
            refuse_unless(plan, at, "plan_not_editable", PlanStatus.DRAFT, PlanStatus.SCHEDULED)
            plan = replace(plan, spec=change(plan.spec), updated_at=at)
            _refuse(spec_problems(plan.spec), "the plan contradicts itself")
            if plan.status(at) is PlanStatus.SCHEDULED:
                _refuse(sale_problems(work.store, plan.spec), "the plan cannot be sold like this")
            work.store.plans.update(plan)
            work.publish(plan_event(self._new_id(), "plan.updated", plan))
            answer = shown(work.store, [plan], at)[0]
            work.commit()
        return answer

    def delete(self, namespace: str, plan_id: str) -> None:
        """Delete softly a plan that is not on sale; its version is not given again. Deleting again changes nothing.

        Raises:
            NotFound: there is no such plan.
            Conflict: `plan_not_deletable`: it is on sale.
        """
        at = self._now()
        with self._begin(namespace) as work:
            work.lock(CATALOG_LOCK)
            plan = work.store.plans.find(plan_id)
            if plan is None:
                raise NotFound("plan", plan_id)
            if plan.deleted_at is not None:
                return
            allowed = (PlanStatus.DRAFT, PlanStatus.SCHEDULED, PlanStatus.ARCHIVED)
            refuse_unless(plan, at, "plan_not_deletable", *allowed)
            plan = replace(plan, deleted_at=at, updated_at=at)
            work.store.plans.update(plan)
            work.publish(plan_event(self._new_id(), "plan.deleted", plan))
            work.commit()

    def _draft(self, work: Work[CatalogStore], key: str, spec: PlanSpec) -> ShownPlan:
        at = self._now()
        work.lock(CATALOG_LOCK)
        draft = work.store.plans.draft(key)
        if draft is not None:
            raise Conflict(f"plan {key!r} has a draft: {draft.id}, version {draft.version}", "plan_draft_exists")
        version = work.store.plans.last_version(key) + 1
        plan = Plan(self._new_id(), key, version, spec, created_at=at, updated_at=at)
        work.store.plans.add(plan)
        work.publish(plan_event(self._new_id(), "plan.created", plan))
        return shown(work.store, [plan], at)[0]


def found(store: CatalogStore, plan_id: str) -> Plan:
    """The live plan of this id; `NotFound` otherwise."""
    plan = store.plans.find(plan_id)
    if plan is None or plan.deleted_at is not None:
        raise NotFound("plan", plan_id)
    return plan


def refuse_unless(plan: Plan, at: datetime, code: str, *allowed: PlanStatus) -> None:
    """`Conflict` with `code` unless the plan's status at `at` is one of those allowed."""
    status = plan.status(at)
    if status not in allowed:
        wanted = " or ".join(allowed)
        raise Conflict(f"plan {plan.key!r} version {plan.version} is {status}; it must be {wanted}", code)


def sale_problems(store: CatalogStore, spec: PlanSpec) -> list[Problem]:
    """What keeps a sound spec from being sold, the state of its features included."""
    return publish_problems(spec, known_features(store.features, store.meters, feature_keys(spec)))


def shown(store: CatalogStore, plans: Sequence[Plan], at: datetime) -> list[ShownPlan]:
    """The plans as of `at`, drafts with what keeps them from being published."""
    with_status = [(plan, plan.status(at)) for plan in plans]
    drafts = [plan for plan, status in with_status if status is PlanStatus.DRAFT]
    keys = {key for plan in drafts for key in feature_keys(plan.spec)}
    known = known_features(store.features, store.meters, keys)
    return [
        ShownPlan(plan, status, publish_problems(plan.spec, known) if status is PlanStatus.DRAFT else ())
        for plan, status in with_status
    ]


def _refuse(problems: Sequence[Problem], detail: str) -> None:
    if problems:
        raise InvalidInput(detail, problems)
