"""The lines a subscription should have on its invoices. Billing reconciles what it stored with them."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence, period_at, periods_between
from meterhouse.kernel.changed import replace
from meterhouse.kernel.currency import currency
from meterhouse.kernel.period import Period, share
from meterhouse.kernel.rounding import round_fraction
from meterhouse.subscriptions.model import Subscription, clipped
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase
from meterhouse.subscriptions.runs import Run, runs
from meterhouse.subscriptions.span import earliest


class TargetLine(NamedTuple):
    """One item for one period.

    Attributes:
        key: "{subscription id}/{phase key}/{item key}/v[n]/period[i]", the same in every run.
        feature_id: the feature that was sold; None: that of the rate card's key, if there is one.
        service_period: what is charged for: the full service period, cut at the item's life.
        full_service_period: the whole period of the item's cadence, the base of proration.
        billing_period: of the subscription, where the service period starts; cut at the phase's edges.
        invoice_at: from when on the line may be collected.
        is_prorated: whether a flat price counts by the share of `full_service_period` that was served.
        is_terminal: whether it is the subscription's own end that cuts the service period.
        whole_period: the service period of usage that was divided among several lines; None: it was not.
        currency: what it is priced in; where that is a custom one, its rate card says so.
        settlement_mode: whether what credit does not bear is invoiced, or burnt in advance.
        invoice_currency: of a line in a custom currency that in which what credit leaves is invoiced.
        cost_basis_id: what its units are worth then; None: what is in force when they were used.
    """

    key: str
    subscription_id: str
    phase_id: str
    item_id: str
    item_key: str
    name: str
    rate_card: RateCard
    feature_id: str | None
    currency: str
    service_period: Period
    full_service_period: Period
    billing_period: Period
    invoice_at: datetime
    is_prorated: bool
    is_terminal: bool
    whole_period: Period | None = None
    settlement_mode: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
    invoice_currency: str | None = None
    cost_basis_id: str | None = None


def target_lines(subscription: Subscription, horizon: datetime) -> list[TargetLine]:
    """The lines of all periods that start before `horizon`, by phase, item and period.

    Items charged in advance go one billing period further, so that the next charge is known before it is due. A
    later horizon gives the same lines and more. Free items, and what has not begun at `horizon`, give none; neither
    does a share of a fee that rounds to nothing.
    """
    if subscription.deleted_at is not None:
        return []
    lines = (
        _line(subscription, phase, _named(item, run, service), index, service, full)
        for phase in subscription.effective_phases()
        for run in runs(phase, _terms)
        for item in [_as_one(run)]
        if _is_charged(item) and item.active_from <= horizon
        for index, (service, full) in enumerate(_service_periods(subscription, item, horizon))
    )
    return [line for line in lines if not _comes_to_nothing(line)]


def _as_one(run: Run) -> SubscriptionItem:
    """Items in one where they follow each other and charge alike."""
    return run[0] if len(run) == 1 else replace(run[0], active_to=run[-1].active_to)


def _named(one: SubscriptionItem, run: Run, service: Period) -> SubscriptionItem:
    """By the name that holds when the service ends; another name is no other charge, so a minimum counts once."""
    if len(run) == 1:
        return one
    card = one.rate_card
    name = [item for item in run if item.active_from < service.end][-1].rate_card.name
    # the very card where it can be: lines that share one are written with one text of it
    return one if card.name == name else replace(one, rate_card=replace(card, name=name))


def _terms(item: SubscriptionItem) -> tuple[object, str | None]:
    """What items in one have alike. What is charged once with add-ons on it is what was added: it is like no other."""
    is_apart = item.is_overlaid and item.rate_card.billing_cadence is None
    return item.charge, item.id if is_apart else None


def _is_charged(item: SubscriptionItem) -> bool:
    price = item.rate_card.price
    return price is not None and not (isinstance(price, FlatPrice) and price.amount == 0)


def _comes_to_nothing(line: TargetLine) -> bool:
    """Whether it is a share of a flat fee that rounds to zero; what is terminal may be charged in full."""
    price, is_whole = line.rate_card.price, line.service_period == line.full_service_period
    if not isinstance(price, FlatPrice) or is_whole or not line.is_prorated or line.is_terminal:
        return False
    due = Fraction(price.amount) * share(line.service_period, line.full_service_period)
    priced_in = line.rate_card.currency or currency(line.currency)
    return not round_fraction(due, priced_in.exponent)


def _service_periods(
    subscription: Subscription, item: SubscriptionItem, horizon: datetime
) -> Iterator[tuple[Period, Period]]:
    reach = _advance_reach(subscription, horizon) if item.rate_card.is_in_advance else horizon
    if item.active_from >= reach:
        return
    cadence = item.rate_card.billing_cadence
    periods = _single(subscription, item) if cadence is None else _recurring(subscription, item, cadence, reach)
    for full in periods:
        service = clipped(full, item.active_from, item.active_to)
        if service is not None:
            yield service, full


def _recurring(
    subscription: Subscription, item: SubscriptionItem, cadence: Cadence, reach: datetime
) -> Iterator[Period]:
    end = min(reach, item.active_to or reach)
    return periods_between(subscription.billing_anchor, cadence, item.active_from, end)


def _single(subscription: Subscription, item: SubscriptionItem) -> Iterator[Period]:
    """What is charged once is never prorated: its full service period is the one it has.

    In arrears it is due when the item ends, so without an end it never is.
    """
    whole = period_at(subscription.billing_anchor, subscription.billing_cadence, item.active_from)
    end = whole.end if item.rate_card.is_in_advance else item.active_to
    end = earliest(end, item.active_to)
    if end is not None and item.active_from < end:
        yield Period(item.active_from, end)


def _advance_reach(subscription: Subscription, horizon: datetime) -> datetime:
    """The end of the first billing period that starts at `horizon` or later."""
    anchor, cadence = subscription.billing_anchor, subscription.billing_cadence
    current = period_at(anchor, cadence, horizon)
    return current.end if current.start == horizon else period_at(anchor, cadence, current.end).end


def _line(
    subscription: Subscription,
    phase: SubscriptionPhase,
    item: SubscriptionItem,
    index: int,
    service: Period,
    full: Period,
) -> TargetLine:
    anchor, cadence = subscription.billing_anchor, subscription.billing_cadence
    card = item.rate_card
    whole = full if card.billing_cadence == cadence else period_at(anchor, cadence, service.start)
    billing = clipped(whole, phase.active_from, phase.active_to) or service
    custom = card.currency
    return TargetLine(
        key=f"{subscription.id}/{phase.key}/{card.key}/v[{item.version}]/period[{index}]",
        subscription_id=subscription.id,
        phase_id=phase.id,
        item_id=item.id,
        item_key=card.key,
        name=card.name,
        rate_card=card,
        feature_id=item.feature_id,
        currency=subscription.currency if custom is None else custom.code,
        invoice_currency=None if custom is None else subscription.currency,
        cost_basis_id=None if custom is None else subscription.pinned_to(custom.code),
        service_period=service,
        full_service_period=full,
        billing_period=billing,
        invoice_at=billing.start if card.is_in_advance else max(service.end, billing.end),
        is_prorated=subscription.is_prorated,
        is_terminal=service.end == subscription.active_to and service.end < full.end,
        settlement_mode=subscription.settlement_mode,
    )
