"""Which add-ons plans sell: assign, show, list, replace the terms, remove."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.catalog.addon import Addon, AddonSpec
from meterhouse.catalog.addon_service import ADDONS
from meterhouse.catalog.plan import Plan
from meterhouse.catalog.plan_addon import PlanAddon, PlanAddonTerms
from meterhouse.catalog.plan_addon_events import plan_addon_event
from meterhouse.catalog.plan_addon_rules import incompatibilities, phase_problems, term_problems
from meterhouse.catalog.plan_service import PLANS
from meterhouse.catalog.ports import CatalogStore, PlanAddonFilter, Slice
from meterhouse.catalog.use_case import UseCase
from meterhouse.catalog.version import Status
from meterhouse.catalog.version_service import Shown
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem


@dataclass(frozen=True, slots=True)
class ShownPlanAddon:
    """What a plan sells, as of an instant; `problems` keep it from being sold so."""

    assigned: PlanAddon
    addon: Shown[AddonSpec]
    problems: Sequence[Problem] = ()


class PlanAddonService(UseCase):
    def assign(self, namespace: str, plan_id: str, addon_id: str, terms: PlanAddonTerms) -> ShownPlanAddon:
        """Let a plan sell an add-on.

        Raises:
            NotFound: there is no such plan.
            InvalidInput: there is no such add-on, or all that keeps the plan from selling it.
            Conflict: `plan_not_editable`: the plan is archived; `plan_addon_exists`: it sells the add-on already.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            plan = _editable(work.store, plan_id, at)
            addon = _known(work.store, plan, addon_id, terms)
            assigned = PlanAddon(self._new_id(), plan.id, addon, terms, created_at=at, updated_at=at)
            _refuse_unsellable(plan, assigned, at, "/addonId")
            if not work.store.plan_addons.add(assigned):
                raise Conflict(f"the plan sells add-on {addon.key!r} version {addon.version}", "plan_addon_exists")
            work.publish(plan_addon_event(self._new_id(), "created", assigned))
            answer = _shown(work.store, plan, [assigned], at)[0]
            work.commit()
        return answer

    def get(self, namespace: str, plan: str, addon: str) -> ShownPlanAddon:
        """What a plan sells of an add-on; both by id or key.

        Raises:
            NotFound: there is no such plan, or it does not sell the add-on.
        """
        at = self._now()
        with self._begin(namespace) as work:
            found = PLANS.by_id_or_key(work.store, plan, at)
            sold = work.store.plan_addons
            assigned = sold.find(found.id, addon) or sold.of_key(found.id, addon)
            if assigned is None:
                raise NotFound("plan add-on", addon)
            return _shown(work.store, found, [assigned], at)[0]

    def page(self, namespace: str, plan: str, wanted: PlanAddonFilter, rows: Slice) -> tuple[list[ShownPlanAddon], int]:
        """What a plan, by id or key, sells.

        Raises:
            NotFound: there is no such plan.
        """
        at = self._now()
        with self._begin(namespace) as work:
            found = PLANS.by_id_or_key(work.store, plan, at)
            assigned, total = work.store.plan_addons.page(found.id, wanted, rows)
            return _shown(work.store, found, assigned, at), total

    def replace(self, namespace: str, plan_id: str, addon_id: str, terms: PlanAddonTerms) -> ShownPlanAddon:
        """Sell an add-on on other terms from now on. Who bought it keeps it.

        Raises:
            NotFound: there is no such plan, or it does not sell the add-on.
            InvalidInput: all that keeps the plan from selling it on these terms.
            Conflict: `plan_not_editable`: the plan is archived.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            plan = _editable(work.store, plan_id, at)
            before = work.store.plan_addons.find(plan.id, addon_id)
            if before is None:
                raise NotFound("plan add-on", addon_id)
            assigned = replace(before, terms=terms, updated_at=at)
            _refuse_unsellable(plan, assigned, at, "/fromPlanPhase")
            work.store.plan_addons.update(assigned)
            work.publish(plan_addon_event(self._new_id(), "updated", assigned))
            answer = _shown(work.store, plan, [assigned], at)[0]
            work.commit()
        return answer

    def remove(self, namespace: str, plan_id: str, addon_id: str) -> None:
        """Sell an add-on no longer. Who bought it keeps it. Removing again changes nothing.

        Raises:
            NotFound: there is no such plan, or it never sold the add-on.
            Conflict: `plan_not_editable`: the plan is archived.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            plan = _editable(work.store, plan_id, at)
            assigned = work.store.plan_addons.find(plan.id, addon_id)
            if assigned is None:
                if work.store.plan_addons.was_sold(plan.id, addon_id):
                    return
                raise NotFound("plan add-on", addon_id)
            assigned = replace(assigned, deleted_at=at, updated_at=at)
            work.store.plan_addons.update(assigned)
            work.publish(plan_addon_event(self._new_id(), "deleted", assigned))
            work.commit()


def _editable(store: CatalogStore, plan_id: str, at: datetime) -> Plan:
    plan = PLANS.found(store, plan_id)
    PLANS.refuse_unless(plan, at, "editable", Status.DRAFT, Status.SCHEDULED, Status.ACTIVE)
    return plan


def _known(store: CatalogStore, plan: Plan, addon_id: str, terms: PlanAddonTerms) -> Addon:
    """The live add-on of this id; otherwise `InvalidInput`, with all else that is wrong."""
    addon = store.addons.find(addon_id)
    if addon is None or addon.deleted_at is not None:
        message = f"there is no add-on {addon_id!r}"
        unknown = Problem("/addonId", "addon_not_found", message)
        raise InvalidInput(message, [unknown, *phase_problems(plan.spec, terms)])
    return addon


def _refuse_unsellable(plan: Plan, assigned: PlanAddon, at: datetime, field: str) -> None:
    """`InvalidInput` with all problems; `field` points to what of the request names what does not go together."""
    problems = _problems(plan, assigned, at, lambda _: field)
    if problems:
        raise InvalidInput(f"the plan cannot sell the add-on: {len(problems)} problem(s)", problems)


def _shown(store: CatalogStore, plan: Plan, assigned: Sequence[PlanAddon], at: datetime) -> list[ShownPlanAddon]:
    addons = ADDONS.shown(store, [one.addon for one in assigned], at)
    place = "/addon{}".format
    return [
        ShownPlanAddon(one, addon, _problems(plan, one, at, place)) for one, addon in zip(assigned, addons, strict=True)
    ]


def _problems(plan: Plan, assigned: PlanAddon, at: datetime, place: Callable[[str], str]) -> list[Problem]:
    """What keeps it from being sold; `place` makes of a pointer into the add-on the one to show."""
    addon, terms = assigned.addon, assigned.terms
    clashes = incompatibilities(plan.spec, addon, terms.from_plan_phase, at)
    return [
        *term_problems(plan.spec, addon, terms),
        *(Problem(place(one.in_addon), one.code, one.message) for one in clashes),
    ]
