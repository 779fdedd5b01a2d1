"""Plans of a namespace: what all versioned things can do, and drafting a version as a copy of another."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from meterhouse.catalog.known_currencies import worths
from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.known_tax_codes import live_tax_codes, unknown_tax_codes
from meterhouse.catalog.plan import Plan, PlanSpec
from meterhouse.catalog.plan_addon import PlanAddon
from meterhouse.catalog.plan_addon_events import plan_addon_event
from meterhouse.catalog.plan_addon_rules import assigned_problems
from meterhouse.catalog.plan_rules import (
    feature_keys,
    precise_plan,
    publish_problems,
    rate_cards_at,
    spec_problems,
    worthless_plan,
)
from meterhouse.catalog.ports import CatalogStore
from meterhouse.catalog.version_service import Kind, Shown, VersionService
from meterhouse.kernel.errors import NotFound, Problem


def _obstacles(store: CatalogStore, plans: Sequence[Plan], at: datetime) -> Mapping[str, Sequence[Problem]]:
    keys = {key for plan in plans for key in feature_keys(plan.spec)}
    known = known_features(store.features, store.meters, keys)
    cards = {plan.id: rate_cards_at(plan.spec) for plan in plans}
    taxed = live_tax_codes(store.tax_codes, (card for placed in cards.values() for card, _ in placed))
    worth = worths(store.currencies, (card for placed in cards.values() for card, _ in placed), at)
    sold_with: dict[str, list[PlanAddon]] = {plan.id: [] for plan in plans}
    for assigned in store.plan_addons.of_plans(sold_with.keys()):
        sold_with[assigned.plan_id].append(assigned)
    return {
        plan.id: [
            *publish_problems(plan.spec, known),
            *unknown_tax_codes(cards[plan.id], taxed),
            *worthless_plan(plan.spec, worth),
            *assigned_problems(plan.spec, sold_with[plan.id], at),
        ]
        for plan in plans
    }


def _precise(store: CatalogStore, spec: PlanSpec) -> PlanSpec:
    return precise_plan(store.currencies, spec)


PLANS: Kind[PlanSpec] = Kind("plan", lambda store: store.plans, _precise, spec_problems, _obstacles, lambda *_: ())


class PlanService(VersionService[PlanSpec]):
    kind = PLANS

    def next(self, namespace: str, id_or_key: str) -> Shown[PlanSpec]:
        """Draft a new version as a copy of a plan, with all that it sells; of a key, the latest version is copied.

        Raises:
            NotFound: there is no such plan.
            Conflict: `plan_draft_exists`: the key has a draft.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            plan = work.store.plans.find(id_or_key) or work.store.plans.latest(id_or_key)
            if plan is None:
                raise NotFound("plan", id_or_key)
            draft = self._draft(work, plan.key, plan.spec, at)
            for sold in work.store.plan_addons.of_plans([plan.id]):
                if sold.addon.deleted_at is None:
                    copy = PlanAddon(self._new_id(), draft.id, sold.addon, sold.terms, created_at=at, updated_at=at)
                    work.store.plan_addons.add(copy)
                    work.publish(plan_addon_event(self._new_id(), "created", copy))
            answer = self.kind.shown(work.store, [draft], at)[0]
            work.commit()
        return answer
