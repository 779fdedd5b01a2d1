"""A subscription gives way to another: to any plan, or to a newer version of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.kernel.errors import Conflict, NotFound, Problem
from meterhouse.platform.work import Work
from meterhouse.subscriptions.addons import AddonStore, carry_addons_in
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.sale import PlanChoice, Sold, Wanted, agree, refuse_unknown, sold
from meterhouse.subscriptions.saving import held, save
from meterhouse.subscriptions.timing import Soon, Timing
from meterhouse.subscriptions.transitions import canceled, refuse_unless_active


@dataclass(frozen=True, slots=True)
class Changed:
    """The subscription that ends, and the one that begins where it ends."""

    current: Subscription
    next: Subscription


@dataclass(frozen=True, slots=True)
class Migration:
    """To `target_version` of the subscription's plan; None: the one on sale. The rest is as in `Wanted`."""

    target_version: int | None = None
    timing: Timing = Soon.IMMEDIATE
    starting_phase: str | None = None
    billing_anchor: datetime | None = None


def change_in(
    work: Work[SubscriptionStore], subscription_id: str, wanted: Wanted, new_id: str, now: datetime
) -> Changed:
    """End the subscription and begin another at that instant, with its billing anchor unless one is given.

    Raises:
        NotFound: there is no such subscription.
        InvalidInput: no such plan or starting phase; a custom plan that could not be published; see `ends_at`.
        Conflict: it is not active; the plan is not on sale; see `agree`.
    """
    current = held(work, subscription_id)
    refuse_unless_active(current, "change", now)
    return _superseded(work, current, wanted, _sold(work.store, wanted, now), new_id, now)


def migrate_in(
    work: Work[AddonStore], subscription_id: str, migration: Migration, new_id: Callable[[], str], now: datetime
) -> Changed:
    """Change to a newer version of the same plan; name, description, metadata, cost basis mode and add-ons stay.

    So does a settlement mode of its own: one that is not that of the version it had.

    Raises:
        NotFound: there is no such subscription.
        InvalidInput: there is no such version or starting phase; see `ends_at`.
        Conflict: it is not active, has a custom plan, or the version is not newer or not on sale; see `agree` and
            `carry_addons_in`.
    """
    current = held(work, subscription_id)
    refuse_unless_active(current, "migrate", now)
    if current.plan is None:
        raise Conflict("a custom plan has no versions", "subscription_has_custom_plan")
    before = work.store.plans.find(current.plan.id)
    has_own_mode = before is not None and before.spec.settlement_mode is not current.settlement_mode
    wanted = Wanted(
        plan=PlanChoice(current.plan.key, migration.target_version, "/targetVersion", "/targetVersion"),
        timing=migration.timing,
        starting_phase=migration.starting_phase,
        billing_anchor=migration.billing_anchor,
        name=current.name,
        description=current.description,
        metadata=current.metadata,
        settlement_mode=current.settlement_mode if has_own_mode else None,
        settlement_field="/targetVersion",
        cost_basis_mode=current.cost_basis_mode,
    )
    what = _sold(work.store, wanted, now)
    if what.plan is None or what.plan.version <= current.plan.version:
        message = f"the subscription has version {current.plan.version} already"
        code = "plan_version_not_newer"
        raise Conflict(message, code, [Problem("/targetVersion", code, message)])
    done = _superseded(work, current, wanted, what, new_id(), now)
    return replace(done, next=carry_addons_in(work, current, done.next, new_id, now))


def _sold(store: SubscriptionStore, wanted: Wanted, now: datetime) -> Sold:
    problems: list[Problem] = []
    what = sold(store, wanted, now, problems)
    if what is None:
        raise refuse_unknown(problems)
    return what


def _superseded(
    work: Work[SubscriptionStore], current: Subscription, wanted: Wanted, what: Sold, new_id: str, now: datetime
) -> Changed:
    customer = work.store.customers.find(current.customer_id)
    if customer is None:
        raise NotFound("customer", current.customer_id)
    # held before the row is written, as by who settles it: in the other order the two would wait in a circle
    work.store.settings.allows_several()
    ended = replace(canceled(current, wanted.timing, now), superseding_id=new_id)
    save(work, current, ended, "canceled")
    anchored = replace(wanted, billing_anchor=wanted.billing_anchor or current.billing_anchor)
    starts = ended.active_to or now
    made = agree(work, customer, what, anchored, new_id=new_id, starts=starts, now=now, previous_id=current.id)
    return Changed(ended, made)
