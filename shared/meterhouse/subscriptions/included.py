"""The entitlements that a subscription should have: what its items' templates say, while the items are in force."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from meterhouse.catalog.entitlement_template import MeteredTemplate, StaticTemplate
from meterhouse.entitlements.entitlement import EntitlementType, Issue
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, RecurrenceSpec
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionItem
from meterhouse.subscriptions.runs import Run, runs


def included(subscription: Subscription) -> list[EntitlementSpec]:
    """What it should bring: an entitlement for each run of items that follow each other and entitle alike.

    It is named by the first of them: what is over never changes, so neither does that item. A new phase, or other
    terms, is a new run, and its balance begins anew.
    """
    if subscription.deleted_at is not None:
        return []
    return [
        replace(
            terms,
            active_from=run[0].active_from,
            active_to=run[-1].active_to,
            managed_item=run[0].id,
            annotations={"subscriptionId": subscription.id, "subscriptionItemId": run[0].id},
        )
        for terms, run in _entitling(subscription)
    ]


def standing_for(subscription: Subscription) -> dict[str, str]:
    """By item id, the item by which its entitlement is named; items that entitle to nothing are left out."""
    return {item.id: run[0].id for _, run in _entitling(subscription) for item in run}


def _entitling(subscription: Subscription) -> Iterator[tuple[EntitlementSpec, Run]]:
    for phase in subscription.effective_phases():
        for run in runs(phase, partial(_terms, subscription)):
            terms = _terms(subscription, run[0])
            if terms is not None:
                yield terms, run


def _terms(subscription: Subscription, item: SubscriptionItem) -> EntitlementSpec | None:
    """What the item entitles to, whenever that is; None: to nothing."""
    card = item.rate_card
    template, period = card.entitlement, card.usage_period(subscription.billing_cadence)
    if template is None:
        return None
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
        metadata=template.metadata,
    )


def _allowance(template: MeteredTemplate) -> AllowanceSpec:
    issued = template.issue_after_reset
    return AllowanceSpec(
        is_soft_limit=template.is_soft_limit,
        preserves_overage=template.preserve_overage_at_reset,
        issue=None if issued is None else Issue(issued, template.issue_priority),
    )
