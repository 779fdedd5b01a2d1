"""Flat fees that were invoiced in advance for longer than they were agreed on in the end.

What is on a standard invoice stays. What follows for the same item charges the difference alone, so that nobody pays
twice for one time; the invoice says in a warning what reaches too far, and a credit note gives back the rest.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from meterhouse.billing.credit_note import summed
from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.billing.line_keys import is_part, whole_of
from meterhouse.catalog.price import FlatPrice
from meterhouse.kernel.changed import replace
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT, round_fraction
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.target import TargetLine

REACHES_TOO_FAR = "line_reaches_too_far"
_DIFFERENCE = " (difference)"
_LONGEST_NAME = 256
"""The contract's, for lines that are read and for those that are sent back in an edit."""
_PLACES = 12
"""No currency has more: a price that is divided is rounded once, there."""


@dataclass(frozen=True, slots=True)
class Prepaid:
    """A line for a recurring, prorated flat fee in advance, on a standard invoice that stands.

    Attributes:
        currency: what it is priced in, a custom one maybe.
        amount: of the full service period.
        service_period: what was charged for: up to the end of the full one where that was charged in full.
        percentage: the discount on it.
        bills_full: whether its invoice charges the period in full that the subscription's own end cuts.
        is_flagged: whether its invoice has a warning about a line that reaches too far.
        is_by_hand: whether callers wrote on it: `amount` is what they wrote, maybe.
    """

    key: str
    invoice_id: str
    currency: str
    amount: Decimal
    percentage: Decimal | None
    service_period: Period
    full_service_period: Period
    bills_full: bool = False
    is_flagged: bool = False
    is_by_hand: bool = False

    def at(self, period: Period, amount: Decimal) -> "Prepaid":
        """What stands of it in a part of its time."""
        return replace(self, service_period=period, amount=amount)


@dataclass(frozen=True, slots=True)
class Excess:
    """The part of a line's service period that nobody asks for any more."""

    prepaid: Prepaid
    period: Period

    def is_like(self, target: TargetLine) -> bool:
        return (
            self.prepaid.currency == target.currency
            and self.prepaid.full_service_period == target.full_service_period
            and self.prepaid.percentage == target.rate_card.discounts.percentage
        )

    def covers(self, period: Period) -> bool:
        return self.period.start <= period.start and period.end <= self.period.end


def borne_price(price: Decimal, charged: Decimal, borne: Decimal) -> Decimal:
    """What of a fee's price in units counts as paid where what credit left is never charged for: credit's share."""
    return round_fraction(Fraction(price) * Fraction(borne) / Fraction(charged), _PLACES)


def less_given_up(target: TargetLine, given_up: Iterable[Prepaid]) -> TargetLine:
    """A rest of a period less what was given up of the price of the whole: that is never charged for again."""
    price = target.rate_card.price
    if not is_part(target.key) or not isinstance(price, FlatPrice):
        return target
    gone = [
        one.amount
        for one in given_up
        if one.key != target.key and whole_of(one.key) == whole_of(target.key)
        if one.service_period.start <= target.service_period.start < one.service_period.end
    ]
    left = max(EXACT.subtract(price.amount, summed(gone)), Decimal(0))
    return target._replace(rate_card=replace(target.rate_card, price=replace(price, amount=left))) if gone else target


def excesses(prepaid: Iterable[Prepaid], targets: Mapping[str, TargetLine]) -> Iterator[Excess]:
    """What reaches too far; `targets`, by key, are those of all periods that have begun."""
    for one in prepaid:
        target, whole = targets.get(one.key), one.service_period
        end = whole.start if target is None else max(whole.start, target.service_period.end)
        is_full_by_choice = target is not None and target.is_terminal and one.bills_full
        if end < whole.end and not is_full_by_choice:
            yield Excess(one, Period(end, whole.end))


def edges_of(target: TargetLine, excess: Collection[Excess], agreed: Mapping[str, Subscription]) -> set[datetime]:
    """Where what was charged before for the same item begins and ends: on each side the price left is another."""
    return {edge for one in alike(target, excess, agreed) for edge in (one.period.start, one.period.end)}


def less_prepaid(
    target: TargetLine, excess: Collection[Excess], agreed: Mapping[str, Subscription]
) -> TargetLine | None:
    """The target less what was charged before for the same item and time; None if nothing is left to charge."""
    card, price = target.rate_card, target.rate_card.price
    like = alike(target, excess, agreed)
    paid = [one.prepaid.amount for one in like if one.covers(target.service_period)]
    if not paid or not isinstance(price, FlatPrice):
        return target
    left = EXACT.subtract(price.amount, summed(paid))
    if left <= 0:
        return None
    rest = replace(card, price=replace(price, amount=left))
    return target._replace(name=f"{target.name[: _LONGEST_NAME - len(_DIFFERENCE)]}{_DIFFERENCE}", rate_card=rest)


def rests_on(
    target: TargetLine, invoice_id: str, excess: Collection[Excess], agreed: Mapping[str, Subscription]
) -> bool:
    """Whether the target's line, on an invoice, charged less because of those that reach too far on others."""
    like = alike(target, excess, agreed)
    return any(one.covers(target.service_period) and one.prepaid.invoice_id != invoice_id for one in like)


def flagged(invoice: Invoice, excess: Iterable[Excess]) -> Invoice:
    """The invoice with one warning for each of its lines that reaches too far, and no others of that kind."""
    reach = {one.prepaid.key: one.period for one in excess if one.prepaid.invoice_id == invoice.id}
    warnings = (
        Issue(
            Severity.WARNING,
            REACHES_TOO_FAR,
            "meterhouse",
            f"line {line.key} charges until {format_rfc3339(reach[line.key].end)}, but its item was changed on"
            f" {format_rfc3339(reach[line.key].start)}: what follows for it charges the difference, and a credit"
            " note gives back the rest once the invoice is paid",
            f"/lines/{number}",
        )
        for number, line in enumerate(invoice.lines)
        if line.key in reach
    )
    others = (issue for issue in invoice.issues if issue.code != REACHES_TOO_FAR)
    return replace(invoice, issues=(*others, *warnings))


def alike(target: TargetLine, excess: Iterable[Excess], agreed: Mapping[str, Subscription]) -> list[Excess]:
    """What may be taken off the target, as far as it is of the same time."""
    card = target.rate_card
    if not card.is_in_advance or not isinstance(card.price, FlatPrice) or not target.is_prorated:
        return []
    mine = _items(target.subscription_id, target.item_key, agreed)
    return [one for one in excess if _item(one.prepaid.key) in mine and one.is_like(target)]


def _items(subscription_id: str, item_key: str, agreed: Mapping[str, Subscription]) -> set[tuple[str, str]]:
    """The item, and those of its key in the subscriptions that came before."""
    found, subscription = set(), agreed.get(subscription_id)
    while subscription is not None and (subscription.id, item_key) not in found:
        found.add((subscription.id, item_key))
        subscription = agreed.get(subscription.previous_id or "")
    return found


def _item(key: str) -> tuple[str, str]:
    """Subscription and item of a line's key; no part of it has a slash."""
    subscription_id, _, item_key, *_ = key.split("/")
    return subscription_id, item_key
