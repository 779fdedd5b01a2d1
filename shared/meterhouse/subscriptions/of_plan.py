"""Who subscribes: to a plan, or to anything."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterhouse.catalog.plan import Plan
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.work import Begin
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Which subscriptions; no key: to whatever plan, or none; no version: to any; no statuses: in whichever."""

    plan_key: str | None
    version: int | None
    statuses: Collection[SubscriptionStatus]
    at: datetime


class FoundPlans(Protocol):
    def find(self, plan_id: str) -> Plan | None: ...
    def latest(self, key: str) -> Plan | None: ...


class Subscribers(Protocol):
    @property
    def plans(self) -> FoundPlans: ...

    def page(self, wanted: Subscribed, limit: int, offset: int) -> tuple[list[Subscription], int]:
        """Some of them by their start, and how many there are."""


class ListSubscriptions:
    def __init__(self, begin: Begin[Subscribers], now: Callable[[], datetime]) -> None:
        self._begin = begin
        self._now = now

    def __call__(
        self, namespace: str, statuses: Collection[SubscriptionStatus], limit: int, offset: int
    ) -> tuple[list[Subscription], int]:
        """A page of all subscriptions of the namespace."""
        with self._begin(namespace) as work:
            return work.store.page(Subscribed(None, None, statuses, self._now()), limit, offset)

    def of_plan(
        self, namespace: str, id_or_key: str, statuses: Collection[SubscriptionStatus], limit: int, offset: int
    ) -> tuple[list[Subscription], int]:
        """A page of the subscriptions to one version, given its id, or to all versions of a key.

        Raises:
            NotFound: there is no such plan.
        """
        with self._begin(namespace) as work:
            version = work.store.plans.find(id_or_key)
            plan = version or work.store.plans.latest(id_or_key)
            if plan is None:
                raise NotFound("plan", id_or_key)
            wanted = Subscribed(plan.key, None if version is None else version.version, statuses, self._now())
            return work.store.page(wanted, limit, offset)
