"""What billing made of the lines of some customers, as the old side of a backtest needs it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from meterhouse.billing.compared_periods import Stretch
from meterhouse.billing.invoice import Line
from meterhouse.billing.line_keys import whole_of
from meterhouse.billing.prepaid import Excess, edges_of, excesses, less_prepaid
from meterhouse.billing.reconcile import targets_of
from meterhouse.billing.rests import Cuts, Known, cuts, divided
from meterhouse.catalog.price import PaymentTerm
from meterhouse.kernel.rounding import EXACT, round_fraction
from meterhouse.rating.line import DetailedLine, totals_of
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.target import TargetLine

_BySubscription = Mapping[str, Sequence[Line]]


@dataclass(frozen=True, slots=True)
class BilledLines:
    """What stands on invoices, and what was invoiced in advance for longer than is asked for.

    Attributes:
        agreed: all subscriptions of the customers, by id.
        issued: lines on invoices that were issued and still count, by subscription.
        drafted: lines on drafts, and what was charged to credit, by subscription.
        settled: keys that nothing is asked for any more: on invoices that count, or never to be billed.
        unfinished: keys of wholes of which a part is not on an issued invoice yet.
        given_back: what went back of lines, by their ids, in what each is priced in.
    """

    agreed: Mapping[str, Subscription] = field(default_factory=dict)
    parted: Cuts = field(default_factory=dict)
    excess: Sequence[Excess] = ()
    issued: _BySubscription = field(default_factory=dict)
    drafted: _BySubscription = field(default_factory=dict)
    settled: AbstractSet[str] = frozenset()
    unfinished: AbstractSet[str] = frozenset()
    given_back: Mapping[str, Decimal] = field(default_factory=dict)

    def left(self, target: TargetLine) -> list[TargetLine]:
        """The target less what was charged before, as billing charges it, divided where that begins and ends."""
        if target.key in self.settled:
            return []
        parts = divided(target, edges_of(target, self.excess, self.agreed))
        left = (less_prepaid(part, self.excess, self.agreed) for part in parts)
        return [part for part in left if part is not None]

    def is_prepaid_outside(self, target: TargetLine, stretches: Collection[Stretch]) -> bool:
        """Whether a line that starts outside the stretches charged for the target before."""
        outside = [one for one in self.excess if not any(_holds(stretch, one) for stretch in stretches)]
        parts = divided(target, edges_of(target, outside, self.agreed))
        return any(less_prepaid(part, outside, self.agreed) != part for part in parts)


def billed_lines(
    agreed: Iterable[Subscription],
    known: Known,
    pending: Iterable[Line],
    issued: Iterable[Line],
    drafted: Iterable[Line],
    back: Mapping[str, Decimal],
    until: datetime,
) -> BilledLines:
    """What became of the lines of `agreed`, all subscriptions of some customers, up to `until`."""
    waiting = list(pending)
    settled = known.keys - {line.key for line in waiting}
    by_id, parted = {subscription.id: subscription for subscription in agreed}, cuts(known, waiting)
    reach = max((one.service_period.end for one in known.prepaid), default=until)
    targets = targets_of(by_id, parted, max(reach, until)) if known.prepaid else {}
    excess = tuple(excesses(known.prepaid, {key: target for key, (_, target) in targets.items()}))
    drafts = list(drafted)
    unfinished = {whole_of(line.key) for line in (*waiting, *drafts) if line.whole_period is not None}
    return BilledLines(
        by_id, parted, excess, _by_subscription(issued), _by_subscription(drafts), settled, unfinished, back
    )


def less_given_back(line: Line, amount: Decimal) -> Line:
    """The line with what a credit note gave back of it as a detailed line of its own."""
    less = EXACT.minus(round_fraction(Fraction(amount), line.unit.exponent))
    given = DetailedLine("credit-note", f"{line.name}: given back", less, Decimal(1), less, PaymentTerm.IN_ADVANCE)
    return replace(line, detailed=(*line.detailed, given), totals=line.totals + totals_of([given]))


def within(lines: _BySubscription, stretch: Stretch) -> list[Line]:
    """Those whose service starts in the stretch."""
    own = lines.get(stretch.subscription.id, ())
    return [line for line in own if stretch.period.contains(line.service_period.start)]


def _holds(stretch: Stretch, excess: Excess) -> bool:
    subscription_id, *_ = excess.prepaid.key.split("/")
    start = excess.prepaid.service_period.start
    return subscription_id == stretch.subscription.id and stretch.period.contains(start)


def _by_subscription(lines: Iterable[Line]) -> _BySubscription:
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.subscription is not None:
            found.setdefault(line.subscription.subscription_id, []).append(line)
    return found
