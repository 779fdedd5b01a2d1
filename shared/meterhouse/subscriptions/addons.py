"""Use cases on the add-ons of a subscription. Each works in an open unit of work; the caller commits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from meterhouse.catalog.addon import Addon
from meterhouse.catalog.plan import Plan
from meterhouse.catalog.plan_addon import PlanAddon
from meterhouse.catalog.version import Status
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform.work import Work
from meterhouse.subscriptions.addon import AddonCard, AddonReference, Quantity, SubscriptionAddon
from meterhouse.subscriptions.addon_rules import clash_problems, phase_problems, quantity_problems
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.pinning import with_pins
from meterhouse.subscriptions.ports import Plans, SubscriptionStore
from meterhouse.subscriptions.sale import settle_currency_of
from meterhouse.subscriptions.saving import held, refuse_clash, save
from meterhouse.subscriptions.timing import Soon, Timing, changes_at
from meterhouse.subscriptions.transitions import refuse_unless_active


@dataclass(frozen=True, slots=True)
class NewAddon:
    """What the caller asks for."""

    addon_id: str
    name: str
    quantity: int
    timing: Timing
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddonChange:
    """What the caller wants changed; None: nothing of it."""

    quantity: int | None = None
    timing: Timing = Soon.IMMEDIATE
    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] | None = None


class SoldPlans(Plans, Protocol):
    def find(self, plan_id: str, /) -> Plan | None:
        """The plan of this id, deleted or not."""


class Addons(Protocol):
    def find(self, addon_id: str, /) -> Addon | None:
        """The add-on of this id, deleted or not."""


class PlanAddons(Protocol):
    def find(self, plan_id: str, addon_id: str) -> PlanAddon | None:
        """How the plan sells the add-on, if it does."""


_VERSION = "/targetVersion"


class AddonStore(SubscriptionStore, Protocol):
    @property
    def plans(self) -> SoldPlans: ...
    @property
    def addons(self) -> Addons: ...
    @property
    def plan_addons(self) -> PlanAddons: ...


def add_addon_in(
    work: Work[AddonStore], subscription_id: str, wanted: NewAddon, new_id: str, now: datetime
) -> tuple[Subscription, SubscriptionAddon]:
    """Buy an add-on for a subscription.

    Raises:
        NotFound: there is no such subscription.
        InvalidInput: no such add-on, none that the plan sells, too many of it, or too early.
        Conflict: the subscription is not active, is to a custom plan, or has the add-on already; the add-on is not on
            sale, or does not go with what the subscription has; the customer has an entitlement in its way.
    """
    before = held(work, subscription_id)
    refuse_unless_active(before, "change the add-ons of", now)
    plan, problems = _plan(work.store, before), list[Problem]()
    start = _start(before, wanted.timing, now, problems)
    sold = _sold(work.store, plan, wanted.addon_id, problems)
    if sold is not None:
        most = sold.terms.max_quantity
        problems += quantity_problems(sold.addon.spec.instance_type, most, wanted.quantity, least=1)
        problems += [] if start is None else phase_problems(before, plan, sold, start)
    if sold is None or start is None or problems:
        raise _refusal(problems)
    _refuse_repeat(before, sold.addon)
    _refuse_off_sale(sold.addon, now)
    made = _bought(work.store, sold.addon, wanted, new_id, start, now)
    _refuse_clashes(before, made, start)
    return _saved(work, before, (*before.addons, made), "/addon/id", now), made


def change_addon_in(
    work: Work[AddonStore], subscription_id: str, addon_id: str, change: AddonChange, now: datetime
) -> tuple[Subscription, SubscriptionAddon]:
    """Change how many of it there are from an instant on, 0 for none, or what it is called; nothing if all is so.

    Raises:
        NotFound: there is no such subscription, or it has no such add-on.
        InvalidInput: too many of it; an instant in the past.
        Conflict: the subscription is not active; the add-on does not go with what it has by now; the customer has an
            entitlement in its way.
    """
    before = held(work, subscription_id)
    addon = found_addon(before, addon_id)
    changed = _described(addon, change)
    if change.quantity is not None:
        refuse_unless_active(before, "change the add-ons of", now)
        changed = _of_quantity(work.store, before, changed, change.quantity, change.timing, now)
    if changed == addon:
        return before, addon
    changed = replace(changed, updated_at=now)
    addons = tuple(changed if one.id == addon.id else one for one in before.addons)
    return _saved(work, before, addons, "/quantity", now), changed


def carry_addons_in(
    work: Work[AddonStore], before: Subscription, after: Subscription, new_id: Callable[[], str], now: datetime
) -> Subscription:
    """What of add-ons a subscription had goes on with the one that takes its place, as it was sold and scheduled.

    Raises:
        Conflict: `addon_not_carried`: the new version does not sell so many of it, or it does not go with that.
    """
    start = after.active_from
    there = [addon for addon in before.addons if addon.is_there(start)]
    if not there:
        return after
    plan, problems = _plan(work.store, after), list[Problem]()
    carried = replace(after, addons=tuple(addon.from_on(start, new_id(), now) for addon in there))
    for addon in carried.addons:
        most = max(one.quantity for one in addon.quantities)
        sold = _sold(work.store, plan, addon.addon.id, problems)
        if sold is not None:
            problems += quantity_problems(addon.addon.instance_type, sold.terms.max_quantity, most, least=1)
            problems += phase_problems(carried, plan, sold, addon.active_from)
            problems += clash_problems(
                carried, [card.rate_card for card in addon.cards], addon.addon.id, addon.active_from
            )
    if problems:
        detail = "; ".join(problem.message for problem in problems)
        found = [replace(problem, field=_VERSION) for problem in problems]
        raise Conflict(f"what the subscription has of add-ons cannot go on: {detail}", "addon_not_carried", found)
    return _saved(work, after, carried.addons, _VERSION, now)


def found_addon(subscription: Subscription, addon_id: str) -> SubscriptionAddon:
    """Raises `NotFound`."""
    addon = next((one for one in subscription.addons if one.id == addon_id), None)
    if addon is None:
        raise NotFound("subscription add-on", addon_id)
    return addon


def _saved(
    work: Work[AddonStore], before: Subscription, addons: tuple[SubscriptionAddon, ...], place: str, now: datetime
) -> Subscription:
    """`place`: the field at fault where what the add-ons are priced in cannot be pinned."""
    after = replace(before, addons=addons, updated_at=now)
    after = with_pins(after, work.store.currencies, place)
    refuse_clash(work.store, after)
    settle_currency_of(work, after, now)
    return save(work, before, after, "updated")


def _plan(store: AddonStore, subscription: Subscription) -> Plan:
    plan = None if subscription.plan is None else store.plans.find(subscription.plan.id)
    if plan is None:
        raise Conflict("a custom plan has no add-ons", "addons_need_a_plan")
    return plan


def _start(subscription: Subscription, timing: Timing, now: datetime, problems: list[Problem]) -> datetime | None:
    try:
        return changes_at(subscription, timing, now)
    except InvalidInput as error:
        problems += error.problems
        return None


def _sold(store: AddonStore, plan: Plan, addon_id: str, problems: list[Problem]) -> PlanAddon | None:
    sold = store.plan_addons.find(plan.id, addon_id)
    if sold is None:
        addon = store.addons.find(addon_id)
        if addon is None or addon.deleted_at is not None:
            problems.append(Problem("/addon/id", "addon_not_found", f"there is no add-on {addon_id!r}"))
        else:
            message = f"version {plan.version} of plan {plan.key!r} does not sell add-on {addon.key!r}"
            problems.append(Problem("/addon/id", "addon_not_sold_with_plan", message))
    return sold


def _bought(
    store: AddonStore, addon: Addon, wanted: NewAddon, new_id: str, start: datetime, now: datetime
) -> SubscriptionAddon:
    keys = {card.feature_key for card in addon.spec.rate_cards if card.feature_key is not None}
    ids = {key: feature.id for key, feature in store.features.by_keys(keys).items()}
    return SubscriptionAddon(
        id=new_id,
        addon=AddonReference(addon.id, addon.key, addon.version, addon.spec.instance_type),
        name=wanted.name,
        description=wanted.description,
        metadata=wanted.metadata,
        cards=tuple(AddonCard(card, ids.get(card.feature_key or "")) for card in addon.spec.rate_cards),
        quantities=(Quantity(start, wanted.quantity),),
        created_at=now,
        updated_at=now,
    )


def _described(addon: SubscriptionAddon, change: AddonChange) -> SubscriptionAddon:
    return replace(
        addon,
        name=addon.name if change.name is None else change.name,
        description=addon.description if change.description is None else change.description,
        metadata=addon.metadata if change.metadata is None else change.metadata,
    )


def _of_quantity(
    store: AddonStore,
    subscription: Subscription,
    addon: SubscriptionAddon,
    quantity: int,
    timing: Timing,
    now: datetime,
) -> SubscriptionAddon:
    problems: list[Problem] = []
    start = _start(subscription, timing, now, problems)
    present = addon.quantity_at(start or now)
    if quantity > present:
        sold = store.plan_addons.find(_plan(store, subscription).id, addon.addon.id)
        # what the plan no longer sells may become fewer, not more
        most = present if sold is None else sold.terms.max_quantity
        problems += quantity_problems(addon.addon.instance_type, most, quantity, least=0)
    if start is None or problems:
        raise _refusal(problems)
    if quantity > present:
        _refuse_clashes(subscription, addon, start)
    return addon if quantity == present else addon.of_quantity(quantity, start, now)


def _refuse_repeat(subscription: Subscription, addon: Addon) -> None:
    there = next((one for one in subscription.addons if one.addon.id == addon.id), None)
    if there is not None:
        detail = f"the subscription has add-on {addon.key!r} as {there.id}: change its quantity"
        raise Conflict(detail, "addon_already_bought", facts={"subscriptionAddonId": there.id})


def _refuse_clashes(subscription: Subscription, addon: SubscriptionAddon, start: datetime) -> None:
    cards = [card.rate_card for card in addon.cards]
    problems = clash_problems(subscription, cards, addon.addon.id, start)
    if problems:
        detail = f"add-on {addon.addon.key!r} does not go with what the subscription has"
        raise Conflict(detail, "addon_incompatible", problems)


def _refuse_off_sale(addon: Addon, now: datetime) -> None:
    status = addon.status(now)
    if addon.deleted_at is not None or status is not Status.ACTIVE:
        raise Conflict(f"add-on {addon.key!r} version {addon.version} is {status}", "addon_not_active")


def _refusal(problems: Sequence[Problem]) -> InvalidInput:
    return InvalidInput("; ".join(problem.message for problem in problems), problems)
