"""Time that was paid in advance and that nobody asks for: what of it goes back, and what that comes to. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from meterhouse.billing.collection import share_of, usage_of
from meterhouse.billing.credit_note import CreditNote, NoteLine, Unused, summed
from meterhouse.billing.crediting import Left, Worth, taken_down, worth_of
from meterhouse.billing.credits import charge_keys
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.prepaid import Excess, Prepaid, alike, borne_price
from meterhouse.catalog.price import FlatPrice
from meterhouse.kernel.changed import replace
from meterhouse.kernel.period import Period, share
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.rate import rate
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.target import TargetLine

_NONE, _ONE = Decimal(0), Decimal(1)


class Returned(NamedTuple):
    """What of a line in advance is to be given back."""

    prepaid: Prepaid
    unused: Unused


def returned(
    excess: Collection[Excess],
    targets: Iterable[TargetLine],
    prepaid: Collection[Prepaid],
    made: AbstractSet[str],
    agreed: Mapping[str, Subscription],
    as_of: datetime,
) -> list[Returned]:
    """Of what reaches too far the time that has begun by `as_of`, less what lines that follow for it were charged less.

    `targets` are undiminished; those whose keys are `made` are on standard invoices already.
    """
    followed = [(target, like) for target in targets if (like := alike(target, excess, agreed))]
    return [
        Returned(one.prepaid, Unused(period, left))
        for one in excess
        for period in _between(one.period, followed, excess)
        if period.start <= as_of and (left := _left(one, period, followed, prepaid, made)) > 0
    ]


def parted(line: Prepaid, charged: Decimal, borne: Decimal) -> tuple[Prepaid, Prepaid]:
    """A line in units that came to `charged`: what credit bore of its price, and what it left and nobody will pay."""
    paid = borne_price(line.amount, charged, borne)
    return replace(line, amount=paid), replace(line, amount=EXACT.subtract(line.amount, paid))


def pieces(line: Prepaid, given: Iterable[Unused]) -> Iterator[Prepaid]:
    """The line where something of it stands still, at the price that stands, once `given` was given back."""
    returned_ = list(given)
    if not returned_:
        yield line
        return
    whole = line.service_period
    edges = {whole.start, whole.end, *(edge for one in returned_ for edge in (one.period.start, one.period.end))}
    for start, end in pairwise(sorted(edges)):
        back = summed(one.amount for one in returned_ if one.period.start <= start and end <= one.period.end)
        if back < line.amount:
            yield line.at(Period(start, end), EXACT.subtract(line.amount, back))


def served(whole: Prepaid, standing: Sequence[Prepaid]) -> Period | None:
    """The time that a line still serves of which `standing` stands; None where that is all of it."""
    if not standing or standing[-1].service_period.end == whole.service_period.end:
        return None
    return Period(whole.service_period.start, standing[-1].service_period.end)


def given_back(
    invoice: Invoice,
    notes: Sequence[CreditNote],
    borne: Mapping[str, Decimal],
    unused: Mapping[str, Sequence[Unused]],
) -> list[NoteLine]:
    """What of the invoice is given back for what is unused of its lines, by their keys.

    A line costs what it would have cost for the time and price that are left, to the cent; of its taxes, of what was
    paid in money and of what credit bears, which `borne` tells by charge, the same share counts. What was taken back by
    hand before is not given back again: where nothing is left to be given, the note line says the unused time alone.
    """
    left = Left(invoice, notes)
    found = []
    for line in invoice.lines:
        if line.key in unused and line.totals.charged > 0:
            worth = _worth(line, _told(line, notes, unused), invoice)
            bears = summed(borne.get(key, _NONE) for key in charge_keys([line]))
            found.append(taken_down(left, line.id, bears, worth, unused[line.key]))
    return found


class UnitsBack(NamedTuple):
    """What goes back of a line in units: to credit, and what part is kept of the money for those that it left."""

    note_line: NoteLine
    kept: Fraction


def units_given_back(
    gathering: Invoice,
    notes: Sequence[CreditNote],
    borne: Mapping[str, Decimal],
    unused: Mapping[str, Sequence[Unused]],
    given_up: AbstractSet[str],
) -> list[UnitsBack]:
    """What is given back for what is unused of the gathering invoice's lines in units, as `given_back` has it.

    Credit and money come down by the same share. What credit left of the lines of the ids `given_up` is never paid.
    """
    found = []
    for line in gathering.lines:
        if line.key in unused and line.totals.charged > 0:
            worth = _worth(line, _told(line, notes, unused), gathering, is_given_up=line.id in given_up)
            bears = summed(borne.get(key, _NONE) for key in charge_keys([line]))
            credit = max(EXACT.subtract(bears, worth.credit), _NONE)
            kept = Fraction(worth.money) / Fraction(line.totals.total) if line.totals.total else Fraction(1)
            found.append(UnitsBack(NoteLine(line.id, (), unused=unused[line.key], credits=credit), kept))
    return found


def _told(line: Line, notes: Iterable[CreditNote], unused: Mapping[str, Sequence[Unused]]) -> list[Unused]:
    """All of the line that is unused, whether it was given back before or not."""
    lines = (one for note in notes if note.stands for one in note.lines if one.line_id == line.id)
    return [*(one for note_line in lines for one in note_line.unused), *unused[line.key]]


def _worth(line: Line, unused: Iterable[Unused], invoice: Invoice, *, is_given_up: bool = False) -> Worth:
    """What the line would have come to without the unused time."""
    price, totals = line.rate_card.price, line.totals
    if not isinstance(price, FlatPrice):
        return Worth(totals.total, totals.credits_total)
    full = line.full_service_period
    paid = borne_price(price.amount, totals.charged, totals.credits_total) if is_given_up else price.amount
    gone = sum((Fraction(one.amount) / Fraction(paid) * share(one.period, full) for one in unused), Fraction(0))
    kept = max(share_of(line, invoice.workflow) - gone, Fraction(0))
    usage = usage_of(line, _ONE, invoice.workflow)
    part = Fraction(rate(usage.served(kept)).totals.charged) / Fraction(totals.charged)
    return worth_of(line, part, usage.currency.exponent)


_Followed = Sequence[tuple[TargetLine, Sequence[Excess]]]


def _between(period: Period, followed: _Followed, excess: Iterable[Excess]) -> Iterator[Period]:
    """The period, divided wherever what is asked for, or was paid, changes."""
    spans = [*(target.service_period for target, _ in followed), *(one.period for one in excess)]
    edges = {edge for span in spans for edge in (span.start, span.end) if period.start < edge < period.end}
    for start, end in pairwise([period.start, *sorted(edges), period.end]):
        yield Period(start, end)


def _left(
    one: Excess, period: Period, followed: _Followed, prepaid: Collection[Prepaid], made: AbstractSet[str]
) -> Decimal:
    """What of the excess' price nothing that follows uses up in the period; older lines are used up first."""
    amount = one.prepaid.amount
    for target, like in followed:
        if one in like and _covers(target.service_period, period):
            need = _need(target, period, prepaid, made)
            for other in sorted((x for x in like if x.covers(period)), key=lambda x: x.prepaid.key):
                used = min(need, other.prepaid.amount)
                need = EXACT.subtract(need, used)
                if other == one:
                    amount = EXACT.subtract(amount, used)
    return max(amount, _NONE)


def _need(target: TargetLine, period: Period, prepaid: Collection[Prepaid], made: AbstractSet[str]) -> Decimal:
    """What of the target's price is charged by what was paid in advance.

    A line that was priced by hand, or given up, stands for the difference, whatever it came to.
    """
    price = target.rate_card.price
    amount = price.amount if isinstance(price, FlatPrice) else _NONE
    own = [one for one in prepaid if one.key == target.key and _covers(one.service_period, period)]
    if target.key not in made or not own or own[0].is_by_hand:
        return amount
    return max(EXACT.subtract(amount, own[0].amount), _NONE)


def _covers(outer: Period, inner: Period) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
