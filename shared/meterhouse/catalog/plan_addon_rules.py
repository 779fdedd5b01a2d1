"""Whether a plan can sell an add-on, and on which terms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.catalog.addon import Addon, InstanceType
from meterhouse.catalog.overlay_rules import clashes
from meterhouse.catalog.plan import PlanSpec
from meterhouse.catalog.plan_addon import PlanAddon, PlanAddonTerms
from meterhouse.catalog.plan_rules import phases_at
from meterhouse.catalog.rate_card_rules import placed, unaligned
from meterhouse.kernel.errors import Problem


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """Why a plan cannot sell an add-on, with the JSON pointers to what does not go together."""

    in_plan: str
    in_addon: str
    code: str
    message: str


def phase_problems(plan: PlanSpec, terms: PlanAddonTerms) -> Iterator[Problem]:
    """What is wrong with the terms whatever the add-on, at its place in the request."""
    if terms.from_plan_phase not in {phase.key for phase in plan.phases}:
        message = f"the plan has no phase {terms.from_plan_phase!r}"
        yield Problem("/fromPlanPhase", "plan_addon_unknown_plan_phase", message)


def term_problems(plan: PlanSpec, addon: Addon, terms: PlanAddonTerms) -> Iterator[Problem]:
    """All that is wrong with the terms themselves, at its place in the request."""
    yield from phase_problems(plan, terms)
    if terms.max_quantity is not None and addon.spec.instance_type is InstanceType.SINGLE:
        message = "of an add-on that is single there is one: leave maxQuantity out"
        yield Problem("/maxQuantity", "plan_addon_max_quantity_not_allowed", message)


def incompatibilities(plan: PlanSpec, addon: Addon, from_phase: str, at: datetime) -> list[Incompatibility]:
    """Why the plan cannot sell the add-on at `at`, in its phases from `from_phase` on; nothing if it can.

    Where the plan lacks that phase, none of its phases is looked at.
    """
    return [
        *_off_sale(addon, at),
        *_currency(plan, addon),
        *_unaligned(plan, addon),
        *_overlays(plan, addon, from_phase),
    ]


def assigned_problems(plan: PlanSpec, assigned: Sequence[PlanAddon], at: datetime) -> list[Problem]:
    """Why a plan cannot be sold with the add-ons that it sells, each at its place in the plan."""
    return [problem for one in assigned for problem in _assigned_problems(plan, one, at)]


def _assigned_problems(plan: PlanSpec, one: PlanAddon, at: datetime) -> Iterator[Problem]:
    addon = one.addon
    named = f"add-on {addon.key!r} version {addon.version}"
    found = incompatibilities(plan, addon, one.terms.from_plan_phase, at)
    places = [(clash.in_plan, clash.message) for clash in found]
    places += [("/phases", problem.message) for problem in term_problems(plan, addon, one.terms)]
    for place, message in places:
        yield Problem(place, "plan_has_incompatible_addon", f"{named}: {message}")


def _off_sale(addon: Addon, at: datetime) -> Iterator[Incompatibility]:
    if not addon.is_sold(at):
        status = "deleted" if addon.deleted_at is not None else addon.status(at)
        message = f"the add-on must be on sale without an end; it is {status}"
        yield Incompatibility("/phases", "/status", "addon_not_active", message)


def _currency(plan: PlanSpec, addon: Addon) -> Iterator[Incompatibility]:
    if plan.currency != addon.spec.currency:
        message = f"the plan is in {plan.currency}, the add-on in {addon.spec.currency}"
        yield Incompatibility("/currency", "/currency", "addon_currency_mismatch", message)


def _unaligned(plan: PlanSpec, addon: Addon) -> Iterator[Incompatibility]:
    for card, card_at in placed(addon.spec.rate_cards, "/rateCards"):
        for problem in unaligned(card, plan.billing_cadence, card_at):
            yield Incompatibility("/billingCadence", problem.field, problem.code, problem.message)


def _overlays(plan: PlanSpec, addon: Addon, from_phase: str) -> Iterator[Incompatibility]:
    overlays = {card.key: (card, at) for card, at in placed(addon.spec.rate_cards, "/rateCards")}
    phases = phases_at(plan)
    first = next((index for index, (phase, _) in enumerate(phases) if phase.key == from_phase), len(phases))
    for phase, cards_at in phases[first:]:
        for card, card_at in placed(phase.rate_cards, cards_at):
            if card.key not in overlays:
                continue
            overlay, overlay_at = overlays[card.key]
            for clash in clashes(card, overlay, plan.billing_cadence):
                message = f"rate card {card.key!r} of phase {phase.key!r}: {clash.message}"
                yield Incompatibility(card_at + clash.field, overlay_at + clash.field, clash.code, message)
