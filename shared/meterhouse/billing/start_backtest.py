"""A backtest is asked for: everything that can be wrong with it is found before anything is rated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.billing.backtest import LASTS_AT_MOST, Backtest, backtest_id
from meterhouse.billing.backtest_ports import BacktestStore
from meterhouse.billing.backtest_run import BacktestRun
from meterhouse.billing.compared_periods import last_stretches, under
from meterhouse.billing.launcher import Launcher
from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.plan import Plan
from meterhouse.catalog.plan_rules import feature_keys, publish_problems
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.model import PlanReference, Subscription


@dataclass(frozen=True, slots=True)
class WantedBacktest:
    """What the caller asks for.

    Attributes:
        customers: ids or keys; None: all with a subscription of the plan's key, in any version, at `as_of`.
        as_of: None: the last full hour, so that asking again soon asks for the same.
    """

    plan_id: str
    periods: int
    customers: Sequence[str] | None = None
    as_of: datetime | None = None


class StartBacktest:
    def __init__(
        self, begin: Begin[BacktestStore], launcher: Launcher, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._begin = begin
        self._launcher = launcher
        self._now = now

    def __call__(self, namespace: str, wanted: WantedBacktest) -> Backtest:
        """The backtest, under way; the same question again is the same one, started anew only where it failed.

        Raises:
            NotFound: there is no such plan.
            InvalidInput: a plan that could not be sold, an `as_of` that is yet to come, customers that are unknown
                or cannot be compared, or none at all.
            Unavailable: it is written down but could not be started; asking again starts it.
        """
        now = self._now()
        as_of = wanted.as_of or now.replace(minute=0, second=0, microsecond=0)
        with self._begin(namespace) as work:
            plan = work.store.plans.find(wanted.plan_id)
            if plan is None:
                raise NotFound("plan", wanted.plan_id)
            problems = [*_time_problems(as_of, now), *_plan_problems(work, plan)]
            chosen = _chosen(work, plan, wanted, as_of, problems)
            if problems:
                raise InvalidInput("this cannot be backtested", problems)
            made = _made(namespace, plan, wanted, as_of, chosen, now)
            work.store.backtests.add(made, chosen)
            work.store.backtests.renew(made.id, now, now - LASTS_AT_MOST)
            found = work.store.backtests.find(plan.id, made.id) or made
            work.commit()
        if found.summary is None:
            self._launcher.start(found.execution, BacktestRun(namespace, plan.id, found.id).document())
        return found


def _made(
    namespace: str, plan: Plan, wanted: WantedBacktest, as_of: datetime, chosen: Sequence[str], now: datetime
) -> Backtest:
    reference = PlanReference(plan.id, plan.key, plan.version)
    named = None if wanted.customers is None else chosen
    return Backtest(
        id=backtest_id(namespace, reference, plan.updated_at, wanted.periods, as_of, named),
        plan=reference,
        spec=plan.spec,
        periods=wanted.periods,
        as_of=as_of,
        requested_at=now,
        customers=len(chosen),
    )


def _time_problems(as_of: datetime, now: datetime) -> list[Problem]:
    return [Problem("/asOf", "future", "what is to come was not used yet")] if as_of > now else []


def _plan_problems(work: Work[BacktestStore], plan: Plan) -> list[Problem]:
    known = known_features(work.store.features, work.store.meters, feature_keys(plan.spec))
    return publish_problems(plan.spec, known, "/plan")


def _chosen(
    work: Work[BacktestStore], plan: Plan, wanted: WantedBacktest, as_of: datetime, problems: list[Problem]
) -> list[str]:
    """The ids of the customers, each once."""
    if wanted.customers is not None:
        return _named(work, plan, wanted.customers, as_of, problems)
    subscribers = work.store.subscriptions.subscribers(plan.key, as_of)
    if not subscribers:
        message = f"nobody is subscribed to plan {plan.key!r}: name the customers"
        problems.append(Problem("/customers", "no_subscribers", message))
    return list(subscribers)


def _named(
    work: Work[BacktestStore], plan: Plan, customers: Sequence[str], as_of: datetime, problems: list[Problem]
) -> list[str]:
    by_key = work.store.customers.by_keys(customers)
    live = {one.id for one in work.store.customers.by_ids(customers).values() if one.deleted_at is None}
    ids = [named if named in live else by_key.get(named) for named in customers]
    chosen = sorted({customer_id for customer_id in ids if customer_id is not None})
    agreed: dict[str, list[Subscription]] = {}
    for subscription in work.store.subscriptions.of_customers(chosen):
        agreed.setdefault(subscription.customer_id, []).append(subscription)
    for number, (named, customer_id) in enumerate(zip(customers, ids, strict=True)):
        field = f"/customers/{number}"
        if customer_id is None:
            problems.append(Problem(field, "customer_not_found", f"there is no customer {named!r}"))
        else:
            problems += _incomparable(plan, agreed.get(customer_id, ()), as_of, field)
    return chosen


def _incomparable(plan: Plan, subscriptions: Sequence[Subscription], as_of: datetime, field: str) -> list[Problem]:
    """Why a customer cannot be compared, as far as that is known without rating."""
    try:
        for stretch in last_stretches(subscriptions, plan.key, 1, as_of):
            under(plan.spec, stretch.subscription)
    except InvalidInput as error:
        return [replace(problem, field=field) for problem in error.problems]
    return []
