"""A customer subscribes to a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.plan import PlanSpec, PlanStatus, SettlementMode
from meterhouse.catalog.plan_rules import feature_keys, publish_problems, spec_problems
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform.work import Work
from meterhouse.subscriptions.events import currency_settled
from meterhouse.subscriptions.model import PlanReference, Subscription
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.saving import lock_customer, refuse_overlap, save
from meterhouse.subscriptions.spec import Terms, is_priced, pinned, subscribe
from meterhouse.subscriptions.timing import Soon, Timing, starts_at


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A plan by its key; `version` None: the one on sale."""

    key: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """What the caller asks for.

    Attributes:
        customer: id or key; `customer_field` points to where the caller wrote it.
        plan: one of the catalog, or a custom plan for this customer alone.
        settlement_mode: None: the plan's.
        starting_phase, billing_anchor, name, description: see `Terms`.
    """

    customer: str
    plan: PlanChoice | PlanSpec
    customer_field: str = "/customerId"
    timing: Timing = Soon.IMMEDIATE
    starting_phase: str | None = None
    billing_anchor: datetime | None = None
    settlement_mode: SettlementMode | None = None
    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sold:
    spec: PlanSpec
    plan: PlanReference | None = None


def create_in(work: Work[SubscriptionStore], wanted: NewSubscription, new_id: str, now: datetime) -> Subscription:
    """Subscribe the customer; one without a currency gets the plan's if anything in it has a price.

    It works in an open unit of work; the caller commits.

    Raises:
        InvalidInput: no such customer, plan or starting phase; a custom plan that could not be published; a
            timing that means nothing here.
        Conflict: the plan is not on sale, the customer pays in another currency, or has a subscription in that
            time.
    """
    starts = starts_at(wanted.timing, now)
    customer, sold = _looked_up(work, wanted, now)
    made = _pinned(work.store, subscribe(sold.spec, _terms(wanted, new_id, customer.id, sold.plan, starts, now)))
    refuse_overlap(work.store.subscriptions, made)
    if is_priced(sold.spec):
        _settle_currency(work, customer, sold.spec.currency, now)
    return save(work, None, made, "created")


def _pinned(store: SubscriptionStore, made: Subscription) -> Subscription:
    return pinned(made, store.features.by_keys(made.feature_keys()))


def _terms(
    wanted: NewSubscription, new_id: str, customer_id: str, plan: PlanReference | None, starts: datetime, now: datetime
) -> Terms:
    return Terms(
        id=new_id,
        customer_id=customer_id,
        active_from=starts,
        created_at=now,
        plan=plan,
        starting_phase=wanted.starting_phase,
        billing_anchor=wanted.billing_anchor,
        name=wanted.name,
        description=wanted.description,
        metadata=wanted.metadata,
    )


def _looked_up(work: Work[SubscriptionStore], wanted: NewSubscription, now: datetime) -> tuple[Customer, _Sold]:
    problems: list[Problem] = []
    customer = _locked_customer(work, wanted, problems)
    sold = _sold(work.store, wanted.plan, now, problems)
    if customer is None or sold is None:
        raise InvalidInput("; ".join(problem.message for problem in problems), problems)
    return customer, replace(sold, spec=_settled(sold.spec, wanted.settlement_mode))


def _locked_customer(
    work: Work[SubscriptionStore], wanted: NewSubscription, problems: list[Problem]
) -> Customer | None:
    """The customer as it is once nobody else works on it; found before the lock, it may have changed meanwhile."""
    found = work.store.customers.find(wanted.customer)
    if found is not None:
        lock_customer(work, found.id)
        found = work.store.customers.find(found.id)
    if found is None:
        message = f"there is no customer {wanted.customer!r}"
        problems.append(Problem(wanted.customer_field, "customer_not_found", message))
    return found


def _sold(
    store: SubscriptionStore, chosen: PlanChoice | PlanSpec, now: datetime, problems: list[Problem]
) -> _Sold | None:
    if isinstance(chosen, PlanSpec):
        known = known_features(store.features, store.meters, feature_keys(chosen))
        found = [*spec_problems(chosen, "/customPlan"), *publish_problems(chosen, known, "/customPlan")]
        problems += found
        return None if found else _Sold(chosen)
    plan = store.plans.of_key(chosen.key, chosen.version, now)
    if plan is None:
        problems.append(_no_such_plan(chosen))
        return None
    if plan.status(now) is not PlanStatus.ACTIVE:
        raise Conflict(f"version {plan.version} of plan {plan.key!r} is {plan.status(now)}", "plan_not_active")
    return _Sold(plan.spec, PlanReference(plan.id, plan.key, plan.version))


def _no_such_plan(chosen: PlanChoice) -> Problem:
    if chosen.version is None:
        return Problem("/plan/key", "plan_not_found", f"plan {chosen.key!r} has no active version")
    return Problem("/plan/version", "plan_not_found", f"plan {chosen.key!r} has no version {chosen.version}")


def _settled(spec: PlanSpec, mode: SettlementMode | None) -> PlanSpec:
    return spec if mode is None else replace(spec, settlement_mode=mode)


def _settle_currency(work: Work[SubscriptionStore], customer: Customer, currency: str, now: datetime) -> None:
    if customer.currency is None:
        settled = customer.replaced(replace(customer.details, currency=currency), now)
        work.store.customers.update(settled)
        work.publish(currency_settled(settled))
    elif customer.currency != currency:
        raise Conflict(
            f"the customer pays in {customer.currency}, the plan is in {currency}", "customer_currency_mismatch"
        )
