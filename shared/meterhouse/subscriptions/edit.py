"""A subscription is edited by patches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.catalog.known_currencies import precise, worths
from meterhouse.catalog.known_features import known_features
from meterhouse.catalog.known_tax_codes import live_tax_codes
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.work import Work
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Moment, Patch
from meterhouse.subscriptions.patching import patched
from meterhouse.subscriptions.pinning import with_pins
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.sale import settle_currency_of
from meterhouse.subscriptions.saving import change, refuse_clash
from meterhouse.subscriptions.timing import Soon, Timing, edits_at
from meterhouse.subscriptions.transitions import refuse_unless_active


@dataclass(frozen=True, slots=True)
class Edit:
    patches: Sequence[Patch]
    timing: Timing = Soon.IMMEDIATE


def edit_in(work: Work[SubscriptionStore], subscription_id: str, edit: Edit, now: datetime) -> Subscription:
    """Apply the patches in order, all or none; nothing changes where they ask for what is.

    Raises:
        NotFound: there is no such subscription.
        InvalidInput: see `edits_at`, `patched` and `with_pins`.
        Conflict: it is not active, a guard refuses, see `patched`; the customer pays in another currency, or has
            what cannot be beside it.
    """

    def edited(current: Subscription) -> Subscription:
        refuse_unless_active(current, "edit", now)
        _refuse_guarded(work.store, current, now)
        at = edits_at(current, edit.timing, now)
        patches = [_precise(work.store, patch) for patch in edit.patches]
        after = patched(current, patches, _moment(work.store, patches, at, now))
        after = with_pins(after, work.store.currencies, "/customizations")
        if after != current:
            refuse_clash(work.store, after)
            settle_currency_of(work, after, now)
        return after

    return change(work, subscription_id, "updated", edited)


def _refuse_guarded(store: SubscriptionStore, current: Subscription, now: datetime) -> None:
    problems = [problem for guard in store.guards for problem in guard.against_editing(current.id, now)]
    if problems:
        raise Conflict(problems[0].message, problems[0].code, problems)


def _precise(store: SubscriptionStore, patch: Patch) -> Patch:
    """The patch with the precision of the custom currency that its rate card names."""
    if not isinstance(patch, AddItem):
        return patch
    [card] = precise(store.currencies, [patch.rate_card])
    return replace(patch, rate_card=card)


def _moment(store: SubscriptionStore, patches: Sequence[Patch], at: datetime, now: datetime) -> Moment:
    cards = [patch.rate_card for patch in patches if isinstance(patch, AddItem)]
    keys = {card.feature_key for card in cards if card.feature_key is not None}
    known = known_features(store.features, store.meters, keys)
    codes, worth = live_tax_codes(store.tax_codes, cards), worths(store.currencies, cards, now)
    return Moment(at, now, known, codes, worth)
