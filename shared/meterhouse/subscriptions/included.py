"""The entitlements that a subscription should have: what its items' templates say, while the items are in force."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from meterhouse.catalog.entitlement_template import MeteredTemplate, StaticTemplate
from meterhouse.entitlements.entitlement import EntitlementType, Issue
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, RecurrenceSpec
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase


@dataclass(frozen=True, slots=True)
class _Run:
    """Items of one key and phase that follow each other without a gap and entitle alike: to one entitlement."""

    items: tuple[SubscriptionItem, ...]

    @property
    def first(self) -> SubscriptionItem:
        return self.items[0]

    @property
    def active_to(self) -> datetime | None:
        return self.items[-1].active_to


def included(subscription: Subscription) -> list[EntitlementSpec]:
    """What it should bring: an entitlement for each run of items that follow each other and entitle alike.

    It is named by the first of them: what is over never changes, so neither does that item. A new phase, or other
    terms, is a new run, and its balance begins anew.
    """
    if subscription.deleted_at is not None:
        return []
    return [
        replace(
            _terms(subscription, run.first),
            active_from=run.first.active_from,
            active_to=run.active_to,
            managed_item=run.first.id,
        )
        for run in _runs(subscription)
    ]


def standing_for(subscription: Subscription) -> dict[str, str]:
    """By item id, the item by which its entitlement is named; items that entitle to nothing are left out."""
    return {item.id: run.first.id for run in _runs(subscription) for item in run.items}


def _runs(subscription: Subscription) -> Iterator[_Run]:
    for phase in subscription.effective_phases():
        for items in _by_key(phase):
            yield from _runs_of(subscription, items)


def _by_key(phase: SubscriptionPhase) -> Iterator[list[SubscriptionItem]]:
    entitling = [item for item in phase.items if item.rate_card.entitlement and item.active_from != item.active_to]
    for _, items in groupby(sorted(entitling, key=lambda item: (item.key, item.active_from)), lambda item: item.key):
        yield list(items)


def _runs_of(subscription: Subscription, items: Sequence[SubscriptionItem]) -> Iterator[_Run]:
    run = _Run((items[0],))
    for item in items[1:]:
        follows = item.active_from == run.active_to
        if follows and _terms(subscription, item) == _terms(subscription, run.first):
            run = _Run((*run.items, item))
        else:
            yield run
            run = _Run((item,))
    yield run


def _terms(subscription: Subscription, item: SubscriptionItem) -> EntitlementSpec:
    """What the item entitles to, whenever that is."""
    card = item.rate_card
    template, period = card.entitlement, card.usage_period(subscription.billing_cadence)
    kind, config, allowance = EntitlementType.BOOLEAN, None, None
    if isinstance(template, StaticTemplate):
        kind, config = EntitlementType.STATIC, template.config
    elif isinstance(template, MeteredTemplate):
        kind, allowance = EntitlementType.METERED, _allowance(template)
    return EntitlementSpec(
        kind,
        feature_id=item.feature_id,
        feature_key=card.feature_key,
        usage_period=None if period is None else RecurrenceSpec(period, subscription.billing_anchor),
        allowance=allowance,
        config=config,
        managed_by=subscription.id,
        metadata={} if template is None else template.metadata,
    )


def _allowance(template: MeteredTemplate) -> AllowanceSpec:
    issued = template.issue_after_reset
    return AllowanceSpec(
        is_soft_limit=template.is_soft_limit,
        preserves_overage=template.preserve_overage_at_reset,
        issue=None if issued is None else Issue(issued, template.issue_priority),
    )
