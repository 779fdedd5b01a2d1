"""How much an item charges of what is charged once, while add-ons come and go.

Each fee of an add-on is charged for the most there ever were of it, a fee of the plan once for items that charge alike
and follow each other: in advance by the first item with it, in arrears by the item at whose end it is no longer had.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.rounding import EXACT
from meterhouse.subscriptions.addon import SubscriptionAddon
from meterhouse.subscriptions.span import Span


@dataclass(frozen=True, slots=True)
class AddonFee:
    """The fee of an add-on's rate card, charged once for each of it."""

    addon: SubscriptionAddon
    card: RateCard

    def charged(self, span: Span, phase: Span) -> Decimal:
        """What an item in force during `span`, of one quantity, charges of it."""
        return EXACT.multiply(fee_of(self.card), self._times(span, phase))

    def _times(self, span: Span, phase: Span) -> int:
        if self.card.is_in_advance:
            return max(0, self.addon.quantity_at(span.start) - self.addon.most_before(span.start))
        return self._due_by(span.end, phase) - self._due_by(span.start, phase)

    def _due_by(self, at: datetime | None, phase: Span) -> int:
        """Of how many it is due in arrears by `at`: of those that are no more; at the end of a phase of all."""
        if at is None or at in {phase.start, phase.end}:
            return self.addon.most_before(at)
        edges = (one for one in self.addon.quantities if phase.start < one.active_from <= at)
        gone = [self.addon.most_before(one.active_from) - one.quantity for one in edges]
        return max([self.addon.most_before(phase.start), *gone])


def fee_of(card: RateCard) -> Decimal:
    """What it charges once; 0 where it recurs, or depends on usage."""
    return card.price.amount if isinstance(card.price, FlatPrice) and card.billing_cadence is None else Decimal(0)


def charging(card: RateCard, amounts: Sequence[Decimal]) -> RateCard:
    """The card with the sum of `amounts` in place of its fee, where it has one."""
    if not isinstance(card.price, FlatPrice) or card.billing_cadence is not None:
        return card
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return replace(card, price=replace(card.price, amount=total))
