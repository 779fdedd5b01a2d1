"""What a customer subscribes to, looked up and agreed: shared by whoever makes a subscription."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.catalog.known_currencies import worths
from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.known_tax_codes import live_tax_codes, unknown_tax_codes
from meterhouse.catalog.plan import PlanSpec, PlanStatus, SettlementMode
from meterhouse.catalog.plan_rules import (
    feature_keys,
    precise_plan,
    publish_problems,
    rate_cards_at,
    spec_problems,
    worthless_plan,
)
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform.work import Work
from meterhouse.subscriptions.events import currency_settled
from meterhouse.subscriptions.model import CostBasisMode, PlanReference, Subscription
from meterhouse.subscriptions.pinning import with_pins
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.saving import refuse_clash, save
from meterhouse.subscriptions.spec import Terms, is_priced, pinned, subscribe
from meterhouse.subscriptions.timing import Soon, Timing


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A plan by its key; `version` None: the one on sale. `key_field` and `version_field` point to where they stand."""

    key: str
    version: int | None = None
    key_field: str = "/plan/key"
    version_field: str = "/plan/version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the caller asks for.

    Attributes:
        plan: one of the catalog, or a custom plan for this customer alone.
        settlement_mode: None: the plan's. `settlement_field`: the one at fault where that cannot be.
        cost_basis_mode: whether units of custom currencies keep the worth that they have when it begins.
        starting_phase, billing_anchor, name, description: see `Terms`.
    """

    plan: PlanChoice | PlanSpec
    timing: Timing = Soon.IMMEDIATE
    starting_phase: str | None = None
    billing_anchor: datetime | None = None
    settlement_mode: SettlementMode | None = None
    settlement_field: str = "/settlementMode"
    cost_basis_mode: CostBasisMode = CostBasisMode.DYNAMIC
    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sold:
    spec: PlanSpec
    plan: PlanReference | None = None


def sold(store: SubscriptionStore, wanted: Wanted, now: datetime, problems: list[Problem]) -> Sold | None:
    """What is sold, or None with the reasons added to `problems`.

    Raises:
        Conflict: `plan_not_active`.
    """
    chosen = wanted.plan
    if isinstance(chosen, PlanSpec):
        return _custom(store, _settled(chosen, wanted), now, problems)
    found = _listed(store, chosen, now, problems)
    if found is None or found.spec.settlement_mode is _settled(found.spec, wanted).settlement_mode:
        return found
    settled = replace(found, spec=_settled(found.spec, wanted))
    # what credit alone settles is published without it
    cards = (card for card, _ in rate_cards_at(settled.spec))
    missing = [*worthless_plan(settled.spec, worths(store.currencies, cards, now))]
    problems += [replace(problem, field=wanted.settlement_field) for problem in missing]
    return None if missing else settled


def _settled(spec: PlanSpec, wanted: Wanted) -> PlanSpec:
    """The plan in the mode that is wanted."""
    return spec if wanted.settlement_mode is None else replace(spec, settlement_mode=wanted.settlement_mode)


def refuse_unknown(problems: list[Problem]) -> InvalidInput:
    return InvalidInput("; ".join(problem.message for problem in problems), problems)


def agree(
    work: Work[SubscriptionStore],
    customer: Customer,
    what: Sold,
    wanted: Wanted,
    *,
    new_id: str,
    starts: datetime,
    now: datetime,
    previous_id: str | None = None,
) -> Subscription:
    """Write the subscription; the customer, who is locked, gets the currency of what has a price.

    Raises:
        InvalidInput: there is no such starting phase; see `with_pins`.
        Conflict: the customer pays in another currency, or has what cannot be beside it.
    """
    terms = Terms(
        id=new_id,
        customer_id=customer.id,
        active_from=starts,
        created_at=now,
        plan=what.plan,
        starting_phase=wanted.starting_phase,
        billing_anchor=wanted.billing_anchor,
        name=wanted.name,
        description=wanted.description,
        metadata=wanted.metadata,
        previous_id=previous_id,
        cost_basis_mode=wanted.cost_basis_mode,
    )
    made = with_pins(subscribe(what.spec, terms), work.store.currencies)
    made = pinned(made, work.store.features.by_keys(made.feature_keys()))
    refuse_clash(work.store, made)
    if is_priced(made):
        settle_currency(work, customer, made.currency, now)
    return save(work, None, made, "created")


def settle_currency(work: Work[SubscriptionStore], customer: Customer, currency: str, now: datetime) -> None:
    """Raises `Conflict`: the customer pays in another currency."""
    if customer.currency is None:
        settled = customer.replaced(replace(customer.details, currency=currency), now)
        work.store.customers.update(settled)
        work.publish(currency_settled(settled))
    elif customer.currency != currency:
        raise Conflict(
            f"the customer pays in {customer.currency}, the plan is in {currency}", "customer_currency_mismatch"
        )


def settle_currency_of(work: Work[SubscriptionStore], subscription: Subscription, now: datetime) -> None:
    """As `settle_currency`, for whose subscription it is, if anything in it has a price."""
    customer = work.store.customers.find(subscription.customer_id)
    if customer is None:
        raise NotFound("customer", subscription.customer_id)
    if is_priced(subscription):
        settle_currency(work, customer, subscription.currency, now)


def _custom(store: SubscriptionStore, named: PlanSpec, now: datetime, problems: list[Problem]) -> Sold | None:
    spec = precise_plan(store.currencies, named)
    known = known_features(store.features, store.meters, feature_keys(spec))
    cards = rate_cards_at(spec, "/customPlan")
    found = [
        *spec_problems(spec, "/customPlan"),
        *publish_problems(spec, known, "/customPlan"),
        *unknown_tax_codes(cards, live_tax_codes(store.tax_codes, (card for card, _ in cards))),
        *worthless_plan(spec, worths(store.currencies, (card for card, _ in cards), now), "/customPlan"),
    ]
    problems += found
    return None if found else Sold(spec)


def _listed(store: SubscriptionStore, chosen: PlanChoice, now: datetime, problems: list[Problem]) -> Sold | None:
    plan = store.plans.of_key(chosen.key, chosen.version, now)
    if plan is None:
        problems.append(_no_such_plan(chosen))
        return None
    if plan.status(now) is not PlanStatus.ACTIVE:
        raise Conflict(f"version {plan.version} of plan {plan.key!r} is {plan.status(now)}", "plan_not_active")
    return Sold(plan.spec, PlanReference(plan.id, plan.key, plan.version))


def _no_such_plan(chosen: PlanChoice) -> Problem:
    if chosen.version is None:
        return Problem(chosen.key_field, "plan_not_found", f"plan {chosen.key!r} has no active version")
    return Problem(chosen.version_field, "plan_not_found", f"plan {chosen.key!r} has no version {chosen.version}")
