"""Brings stored lines to what the subscriptions say they should be. Running it twice changes nothing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from meterhouse.billing.invoice import Line, ManagedBy, SubscriptionReference
from meterhouse.billing.line_keys import is_asked_for, whole_of
from meterhouse.billing.prepaid import Excess, edges_of, excesses, less_given_up, less_prepaid, rests_on
from meterhouse.billing.rests import Cuts, Known, cuts, divided
from meterhouse.billing.unused import Returned, returned
from meterhouse.kernel.changed import made, replace
from meterhouse.kernel.ids import derived_ulid, ulid_time
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.target import TargetLine, target_lines


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do to the pending lines; lines on standard invoices are never among them.

    `excess` is what these charge in advance and nobody asks for any more; `returned` is what of it is to be given back.
    """

    added: tuple[Line, ...] = ()
    changed: tuple[Line, ...] = ()
    removed: tuple[str, ...] = ()
    excess: tuple[Excess, ...] = ()
    returned: tuple[Returned, ...] = ()


def reconcile(
    subscriptions: Iterable[Subscription],
    pending: Collection[Line],
    known: Known,
    as_of: datetime,
    now: datetime,
) -> Changes:
    """The changes that bring `pending`, all pending lines of subscriptions, to the target at `as_of`.

    A line that was edited by hand, and is pending again after a void, stays as written, but charges for no longer;
    where its subscription ends before it begins it is as agreed again. One for late usage is asked for by usage alone,
    and one for what credit leaves by the line in units.
    A line is removed only if the subscriptions will never ask for it: an earlier `as_of` than the last one
    removes nothing. `known` is what became of the subscriptions' lines of every kind.
    """
    asked = _asked(subscriptions, pending, known, as_of)
    return Changes(
        added=tuple(
            line_of(*found, now, known.closed.get(key, -1) + 1)
            for key, found in asked.now.items()
            if key not in known.keys
        ),
        changed=tuple(_changed(pending, asked, now)),
        removed=tuple(line.id for line in pending if line.key not in asked.ever and is_asked_for(line.key)),
        excess=asked.excess,
        returned=asked.returned,
    )


def unbilled(subscriptions: Iterable[Subscription], known: Known, at: datetime) -> list[TargetLine]:
    """What the subscriptions ask for at `at` and no live line is of."""
    asked = _asked(subscriptions, (), known, at)
    return [target for key, (_, target) in asked.now.items() if key not in known.keys]


def differences_on(
    keys: Collection[str], subscriptions: Sequence[Subscription], known: Known, at: datetime
) -> list[str]:
    """Keys of the standing lines that charge only the difference to lines of `keys`."""
    asked, agreed = _asked(subscriptions, (), known, at), {one.id: one for one in subscriptions}
    reaching = [one for one in asked.excess if one.prepaid.key in keys]
    standing = {**known.priced, **{one.key: one.invoice_id for one in known.prepaid}}
    return sorted(
        key
        for key, invoice_id in standing.items()
        if key in asked.ever and rests_on(asked.ever[key][1], invoice_id, reaching, agreed)
    )


@lru_cache(maxsize=128)
def gathering_id(customer_id: str, currency: str) -> str:
    """The id of the one gathering invoice of a customer in a currency."""
    return derived_ulid(ulid_time(customer_id), "gathering_invoice", customer_id, currency)


def line_id(key: str, start: datetime, revision: int = 0) -> str:
    """The id of a line, from its business key, beside its subscription's others.

    `start` of its service period never changes for a key.
    """
    # keys of purchases and of lines by hand begin with a word: no place
    return derived_ulid(start, "invoice_line", key, str(revision), beside=key.partition("/")[0])


Found = tuple[str, TargetLine]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the subscriptions ask for, by key: at the instant, and up to the end of all lines there are.

    `following` are the keys of pending lines that are what their subscriptions say.
    """

    now: Mapping[str, Found]
    ever: Mapping[str, Found]
    following: AbstractSet[str]
    excess: tuple[Excess, ...]
    returned: tuple[Returned, ...]


def _asked(subscriptions: Iterable[Subscription], pending: Collection[Line], known: Known, at: datetime) -> _Asked:
    agreed = {subscription.id: subscription for subscription in subscriptions}
    parted = cuts(known, pending)
    periods = [*(line.service_period for line in pending), *(one.service_period for one in known.prepaid)]
    reach = max((period.end for period in periods), default=at)
    near = _unforgiven(targets_of(agreed, parted, at), known)
    far = near if reach <= at else _unforgiven(targets_of(agreed, parted, reach), known)
    excess = tuple(excesses(known.prepaid, {key: target for key, (_, target) in far.items()}))
    following = {line.key for line in pending if line.managed_by is ManagedBy.SUBSCRIPTION or _is_over(line, far)}
    made = known.keys - following
    # whoever wrote on a pending line did not charge for it yet: it still uses up what it is the difference to
    billed = made - {line.key for line in pending}
    back = returned(excess, (target for _, target in far.values()), known.prepaid, billed, agreed, at) if excess else ()
    due, ever = _due(near, excess, agreed, made), _due(far, excess, agreed, made)
    return _Asked(due, ever, following, excess, tuple(back))


def targets_of(
    agreed: Mapping[str, Subscription], parted: Cuts, horizon: datetime, *, divides_usage: bool = True
) -> dict[str, Found]:
    """By key, the lines that the subscriptions ask for up to `horizon`, each with whom it charges."""
    return {
        target.key: (subscription.customer_id, target)
        for subscription in agreed.values()
        for whole in target_lines(subscription, horizon)
        for target in divided(
            whole, parted.get(whole.key, ()) if divides_usage or not whole.rate_card.is_metered else ()
        )
    }


def _unforgiven(found: dict[str, Found], known: Known) -> dict[str, Found]:
    if not known.given_up:
        return found
    return {key: (owner, less_given_up(target, known.given_up)) for key, (owner, target) in found.items()}


def _due(
    found: Mapping[str, Found],
    excess: Collection[Excess],
    agreed: Mapping[str, Subscription],
    made: AbstractSet[str],
) -> Mapping[str, Found]:
    """Less what was charged in advance; a line that is `made`, and waits no more, is divided no more either."""
    if not excess:
        return found
    parts = (
        (customer_id, part)
        for customer_id, whole in found.values()
        for part in divided(whole, () if whole.key in made else edges_of(whole, excess, agreed))
    )
    left = ((customer_id, less_prepaid(part, excess, agreed)) for customer_id, part in parts)
    return {one.key: (customer_id, one) for customer_id, one in left if one is not None}


def _changed(pending: Iterable[Line], asked: _Asked, now: datetime) -> Iterator[Line]:
    for line in pending:
        if line.key in asked.ever:
            _, target = asked.ever[line.key]
            wanted = _updated(line, target) if line.key in asked.following else _cut(line, target)
            if wanted != line:
                yield replace(wanted, updated_at=now)


def _is_over(line: Line, asked: Mapping[str, Found]) -> bool:
    """Whether its subscription ends its period early, and before the line begins: nothing of it is left."""
    if line.key not in asked:
        return False
    whole, full_end = whole_of(line.key), asked[line.key][1].full_service_period.end
    until = max(target.service_period.end for key, (_, target) in asked.items() if whole_of(key) == whole)
    return until <= line.service_period.start and until < full_end


def _cut(line: Line, target: TargetLine) -> Line:
    """What callers moved behind its period, or into the time of a rest, is charged as they wrote it."""
    period, end = line.service_period, target.service_period.end
    if period.end <= end or end <= period.start:
        return line
    return replace(line, service_period=Period(period.start, end), is_prorated=True, agreed_end=end)


def _updated(line: Line, target: TargetLine) -> Line:
    # whoever voided a line decided when it is billed again
    return replace(
        line,
        managed_by=ManagedBy.SUBSCRIPTION,
        invoice_at=line.invoice_at if line.revision else target.invoice_at,
        name=target.name,
        rate_card=target.rate_card,
        feature_id=target.feature_id,
        service_period=target.service_period,
        full_service_period=target.full_service_period,
        billing_period=target.billing_period,
        whole_period=target.whole_period,
        is_prorated=target.is_prorated,
        is_terminal=target.is_terminal,
        settlement_mode=target.settlement_mode,
        agreed_end=None,
    )


def line_of(customer_id: str, target: TargetLine, now: datetime, revision: int = 0) -> Line:
    """The pending line of a target."""
    return made(
        Line,
        id=line_id(target.key, target.service_period.start, revision),
        key=target.key,
        revision=revision,
        invoice_id=gathering_id(customer_id, target.currency),
        customer_id=customer_id,
        currency=target.currency,
        name=target.name,
        rate_card=target.rate_card,
        feature_id=target.feature_id,
        service_period=target.service_period,
        full_service_period=target.full_service_period,
        billing_period=target.billing_period,
        whole_period=target.whole_period,
        invoice_at=target.invoice_at,
        is_prorated=target.is_prorated,
        is_terminal=target.is_terminal,
        settlement_mode=target.settlement_mode,
        invoice_currency=target.invoice_currency,
        cost_basis_id=target.cost_basis_id,
        subscription=SubscriptionReference(target.subscription_id, target.phase_id, target.item_id),
        created_at=now,
        updated_at=now,
    )
