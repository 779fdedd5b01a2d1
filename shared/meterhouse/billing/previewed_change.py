"""The changes that can be previewed: each calls the use case of the real call, and says when it takes effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterhouse.billing.preview_ports import PreviewStore
from meterhouse.platform import ids
from meterhouse.platform.work import Work
from meterhouse.subscriptions.change import Changed, Migration, change_in, migrate_in
from meterhouse.subscriptions.create import NewSubscription, create_in
from meterhouse.subscriptions.edit import Edit, edit_in
from meterhouse.subscriptions.end import cancel_in
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.sale import Wanted
from meterhouse.subscriptions.saving import found
from meterhouse.subscriptions.timing import Timing, edits_at


@dataclass(frozen=True, slots=True)
class Done:
    """The subscriptions that a change touched, last the one that comes of it, and when it takes effect."""

    subscriptions: Sequence[Subscription]
    effective_at: datetime

    @property
    def made(self) -> Subscription:
        return self.subscriptions[-1]


class PreviewedChange(Protocol):
    def customer_id(self, work: Work[PreviewStore]) -> str | None:
        """Whose subscriptions it changes; None where there is no such customer. Raises `NotFound`."""

    def __call__(self, work: Work[PreviewStore], now: datetime) -> Done:
        """Do it in an open unit of work. Raises what the real call raises."""


@dataclass(frozen=True, slots=True)
class PreviewCreate:
    wanted: NewSubscription

    def customer_id(self, work: Work[PreviewStore]) -> str | None:
        customer = work.store.customers.find(self.wanted.customer)
        return None if customer is None else customer.id

    def __call__(self, work: Work[PreviewStore], now: datetime) -> Done:
        made = create_in(work, self.wanted, ids.new_id(), now)
        return Done([made], made.active_from)


@dataclass(frozen=True, slots=True)
class _OfSubscription:
    subscription_id: str

    def customer_id(self, work: Work[PreviewStore]) -> str | None:
        return found(work, self.subscription_id).customer_id


@dataclass(frozen=True, slots=True)
class PreviewEdit(_OfSubscription):
    edit: Edit

    def __call__(self, work: Work[PreviewStore], now: datetime) -> Done:
        before = found(work, self.subscription_id)
        return Done([edit_in(work, before.id, self.edit, now)], edits_at(before, self.edit.timing, now))


@dataclass(frozen=True, slots=True)
class PreviewCancel(_OfSubscription):
    timing: Timing

    def __call__(self, work: Work[PreviewStore], now: datetime) -> Done:
        canceled = cancel_in(work, self.subscription_id, self.timing, now)
        return Done([canceled], canceled.active_to or now)


@dataclass(frozen=True, slots=True)
class PreviewChange(_OfSubscription):
    wanted: Wanted

    def __call__(self, work: Work[PreviewStore], now: datetime) -> Done:
        return _superseded(change_in(work, self.subscription_id, self.wanted, ids.new_id(), now))


@dataclass(frozen=True, slots=True)
class PreviewMigrate(_OfSubscription):
    migration: Migration

    def __call__(self, work: Work[PreviewStore], now: datetime) -> Done:
        return _superseded(migrate_in(work, self.subscription_id, self.migration, ids.new_id, now))


def _superseded(changed: Changed) -> Done:
    return Done([changed.current, changed.next], changed.next.active_from)
