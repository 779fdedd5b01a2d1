"""What apps know of customers: seen, put, removed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.installed_app import AppType, InstalledApp
from meterhouse.billing.ports import PageOf
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Conflict, NotFound, Problem, Problems
from meterhouse.payments.customer_data import (
    CustomerData,
    Facts,
    ShownData,
    StripeCustomer,
    Wanted,
    put_after,
    type_of,
)
from meterhouse.payments.installed_apps import sandbox
from meterhouse.payments.ports import Connector, Heard, PaymentsStore
from meterhouse.payments.stripe_links import release
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work


class CustomerAppService:
    """Every call raises `NotFound` for an unknown customer; customers are named by id or key."""

    def __init__(
        self,
        begin: Begin[PaymentsStore],
        connectors: Mapping[AppType, Connector],
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._connectors = connectors
        self._now = now

    def page(self, namespace: str, id_or_key: str, kind: AppType | None, page: PageOf) -> tuple[list[ShownData], int]:
        """One page of what installed apps, of a type, know of the customer, and how many do."""
        with self._begin(namespace) as work:
            shown = _shown(work, _customer(work, id_or_key))
        chosen = [one for one in shown if kind is None or one.app.type is kind]
        start = (page.number - 1) * page.size
        return chosen[start : start + page.size], len(chosen)

    def put(self, namespace: str, id_or_key: str, wanted: Sequence[Wanted]) -> list[ShownData]:
        """Put facts in place of what the apps knew; what says what is so already changes nothing.

        Raises:
            InvalidInput: with every fault: no such app, of another type, not told which; facts that are not true.
            Conflict: `stripe_customer_taken`: a customer of Stripe's is another of ours already.
        """
        with self._begin(namespace) as work:
            customer = _customer(work, id_or_key)
            work.lock("customer", customer.id)
            sandbox(work.store.apps, namespace, self._now())
            chosen = _chosen(work, wanted)
            heard = self._heard(namespace, chosen, wanted)
            done = [
                self._put(work, customer, app, one.facts, said)
                for app, one, said in zip(chosen, wanted, heard, strict=True)
            ]
            work.commit()
        return done

    def remove(self, namespace: str, id_or_key: str, app_id: str) -> None:
        """Let the app know nothing of the customer any more; a repeat changes nothing.

        Raises:
            NotFound: there is no such app.
        """
        with self._begin(namespace) as work:
            customer = _customer(work, id_or_key)
            if not work.store.apps.by_ids([app_id]):
                raise NotFound("app", app_id)
            work.store.data.remove(customer.id, app_id)
            work.commit()

    def of_stripe(self, namespace: str, id_or_key: str) -> ShownData:
        """What the Stripe app knows of the customer.

        Raises:
            NotFound: it knows nothing.
        """
        found, _ = self.page(namespace, id_or_key, AppType.STRIPE, PageOf())
        if not found:
            raise NotFound("Stripe data of customer", id_or_key)
        return found[0]

    def put_stripe(self, namespace: str, id_or_key: str, facts: StripeCustomer) -> ShownData:
        """Put facts in place of what the Stripe app knew, where there is one such app.

        Raises:
            NotFound: no Stripe app is installed.
            Conflict: `several_stripe_apps`, or as `put`.
            InvalidInput: as `put`.
        """
        with self._begin(namespace) as work:
            _customer(work, id_or_key)
            installed = work.store.apps.of_type(AppType.STRIPE)
        if not installed:
            raise NotFound("app", AppType.STRIPE.value)
        if len(installed) > 1:
            raise Conflict("several Stripe apps are installed: tell one of them by its id", "several_stripe_apps")
        [done] = self.put(namespace, id_or_key, [Wanted(facts, installed[0].id)])
        return done

    def _heard(self, namespace: str, chosen: Sequence[InstalledApp], wanted: Sequence[Wanted]) -> list[Heard]:
        """What is said of each of the facts; raises `InvalidInput` with every fault."""
        problems, heard = Problems(), list[Heard]()
        for app, one in zip(chosen, wanted, strict=True):
            connector = self._connectors.get(app.type)
            heard.append(Heard() if connector is None else connector.heard_of(namespace, app, one.facts))
            for problem in heard[-1].problems:
                problems.add(f"{one.pointer}{problem.field}", problem.code, problem.message)
        problems.raise_if_any("the apps do not know such customers")
        return heard

    def _put(
        self, work: Work[PaymentsStore], customer: Customer, app: InstalledApp, facts: Facts, said: Heard
    ) -> ShownData:
        known = {one.app_id: one for one in work.store.data.of_customer(customer.id)}.get(app.id)
        facts = put_after(None if known is None else known.facts, facts, said.default_method_id)
        if known is not None and known.facts == facts:
            return ShownData(known, app)
        if isinstance(facts, StripeCustomer):
            release(work, app.id, facts.stripe_customer_id, customer.id)
        now = self._now()
        fresh = CustomerData(customer.id, app.id, facts, now, now)
        put = fresh if known is None else replace(known, facts=facts, updated_at=now)
        work.store.data.put(put)
        return ShownData(put, app)


def _customer(work: Work[PaymentsStore], id_or_key: str) -> Customer:
    found = work.store.customers.find(id_or_key)
    if found is None:
        raise NotFound("customer", id_or_key)
    return found


def _shown(work: Work[PaymentsStore], customer: Customer) -> list[ShownData]:
    found = work.store.data.of_customer(customer.id)
    apps = work.store.apps.by_ids({one.app_id for one in found})
    return [ShownData(one, apps[one.app_id]) for one in found]


def _chosen(work: Work[PaymentsStore], wanted: Sequence[Wanted]) -> list[InstalledApp]:
    """The app each of the facts is for; raises `InvalidInput` with every fault."""
    problems, chosen = Problems(), list[InstalledApp]()
    for one in wanted:
        found = _choose(work, one)
        if isinstance(found, Problem):
            problems.add(f"{one.pointer}{found.field}", found.code, found.message)
        elif found in chosen:
            problems.add(one.pointer, "app_repeated", f"app {found.id} is told twice")
        else:
            chosen.append(found)
    problems.raise_if_any("the facts are for no app")
    return chosen


def _choose(work: Work[PaymentsStore], one: Wanted) -> InstalledApp | Problem:
    kind = type_of(one.facts)
    if one.app_id is None:
        installed = work.store.apps.of_type(kind)
        if len(installed) == 1:
            return installed[0]
        few = f"no app of type {kind.value} is installed"
        many = f"several apps of type {kind.value} are installed: tell which"
        return Problem("/id", "unknown_app" if not installed else "required", many if installed else few)
    found = work.store.apps.by_ids([one.app_id]).get(one.app_id)
    if found is None or found.deleted_at is not None:
        return Problem("/id", "unknown_app", f"there is no app {one.app_id!r}")
    if found.type is not kind:
        return Problem("/type", "app_type", f"app {found.id} is of type {found.type.value}")
    return found
