"""Why a bill changed: what each cause did to each line, in sums that are exactly the difference of the totals.

What the old line was rated from is replaced by what the new one was, one cause after the other and always in this
order: volume, price, proration, discount. Each step is rated, and what it changes is the effect of its cause; the
last step lands at what was billed. So more volume is valued at the old price, and a new price at the new volume: the
change from the newer invoice back to the older one has the same sum with the other sign, and not always the same
effects. Credits and taxes are no part of rating: their effects are the differences of what was taken off and put on.

A part of a period that several lines charge for is what its own units come to after those of the others, all of them at
the price of the step: what the others have booked stays out of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from decimal import Decimal

from meterhouse.billing.invoice import NOTHING, Invoice, Line, in_order
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.corrections import rate_delta
from meterhouse.rating.line import Totals
from meterhouse.rating.rate import rate
from meterhouse.rating.rerun import usage_of
from meterhouse.rating.usage import Usage

_NONE = Decimal(0)
_VOLUME = ("quantity", "quantity_before", "is_progressive")
_PRICE = ("price", "unit_config", "conventions")
_PRORATION = ("share", "is_first", "is_last", "amount_before")
_DISCOUNT = ("discounts",)
_STEPS = (_VOLUME, _PRICE, _PRORATION, _DISCOUNT)


@dataclass(frozen=True, slots=True)
class Effects:
    """What each cause put on the bill, or took off it.

    Attributes:
        volume: what was used.
        price: what a unit costs: prices, tiers, commitments, conversions.
        proration: how much of the period is charged for.
        discount: free units, percentages, maxima.
        tax: taxes on top; those included in prices are part of these.
        added: lines that the old invoice has none for.
        removed: lines that the new one has none for.
    """

    volume: Decimal = _NONE
    price: Decimal = _NONE
    proration: Decimal = _NONE
    discount: Decimal = _NONE
    credit: Decimal = _NONE
    tax: Decimal = _NONE
    added: Decimal = _NONE
    removed: Decimal = _NONE

    @property
    def total(self) -> Decimal:
        return _sum(astuple(self))

    def __add__(self, other: "Effects") -> "Effects":
        return Effects(*map(EXACT.add, astuple(self), astuple(other)))


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line and what became of it; one of the two may be missing."""

    old: Line | None
    new: Line | None
    effects: Effects


@dataclass(frozen=True, slots=True)
class BillChange:
    """How one invoice became another.

    Attributes:
        beside: effects on the invoice that no line of it shows.
    """

    old: Invoice
    new: Invoice
    lines: tuple[LineChange, ...]
    beside: Effects

    @property
    def effects(self) -> Effects:
        """Those of all lines, and those beside them; their total is the difference."""
        return sum((line.effects for line in self.lines), start=self.beside)

    @property
    def difference(self) -> Decimal:
        return _difference(self.old.totals.total, self.new.totals.total)


def bill_change(old: Invoice, new: Invoice) -> BillChange:
    """What became of `old` in `new`, two invoices in one currency whose lines are rated.

    Lines are paired by subscription and item, then by item alone, whichever subscription has it; lines by hand by their
    feature or else their name. Several of one kind are paired in the order of their service periods.
    """
    lines = tuple(LineChange(*pair, _effects(*pair)) for pair in _paired(old.lines, new.lines))
    return BillChange(old, new, lines, _differences(_beside(old), _beside(new)))


def _effects(old: Line | None, new: Line | None) -> Effects:
    if old is None or new is None:
        return Effects(
            added=_NONE if new is None else new.totals.total,
            removed=_NONE if old is None else EXACT.minus(old.totals.total),
        )
    difference = _differences(old.totals, new.totals)
    volume, price, proration, free_units = _steps(old, new)
    return replace(
        difference,
        volume=volume,
        price=price,
        proration=proration,
        discount=EXACT.add(free_units, difference.discount),
    )


def _steps(old: Line, new: Line) -> list[Decimal]:
    """What each step changes of what is charged before discounts."""
    usage, wanted = _usage(old), _usage(new)
    worth = _worth_of_part if _is_part(old) or _is_part(new) else _worth
    changes = [
        {name: getattr(wanted, name) for name in names if getattr(usage, name) != getattr(wanted, name)}
        for names in _STEPS
    ]
    # where nothing that amounts are rated from has changed, what was booked late has
    last = max((number for number, changed in enumerate(changes) if changed), default=0)
    effects, left, before = [], _difference(_charged(old.totals), _charged(new.totals)), worth(usage)
    for number, changed in enumerate(changes):
        effect = _NONE
        if number == last:
            effect = left
        elif changed:
            usage = replace(usage, **changed)
            after = worth(usage)
            effect, before = _difference(before, after), after
        effects.append(effect)
        left = EXACT.subtract(left, effect)
    return effects


def _is_part(line: Line) -> bool:
    """Whether it was rated as a part of what several lines charge for: the whole, less what the others have booked."""
    return "epochs" in (line.trace or {})


def _usage(line: Line) -> Usage:
    """What the line was rated from; of a part, whose trace has the whole, its own units after those of the others."""
    usage = usage_of(line.trace or {})
    if not _is_part(line):
        return usage
    others = line.quantity_before
    return replace(usage, quantity=EXACT.subtract(usage.quantity, others), quantity_before=others, is_first=not others)


def _worth(usage: Usage) -> Decimal:
    return _charged(rate(usage).totals)


def _worth_of_part(usage: Usage) -> Decimal:
    """What it adds to what the units before it come to."""
    before = replace(usage, quantity=usage.quantity_before, quantity_before=_NONE, is_last=False)
    booked = () if usage.is_first and not usage.quantity_before else rate_delta(before, ()).detailed_lines
    whole = replace(usage, quantity=EXACT.add(usage.quantity, usage.quantity_before), quantity_before=_NONE)
    return _charged(rate_delta(whole, booked).totals)


def _differences(old: Totals, new: Totals) -> Effects:
    """The effects of two totals as they stand, all that is charged counting as volume."""
    return Effects(
        volume=_difference(_charged(old), _charged(new)),
        discount=_difference(new.discounts_total, old.discounts_total),
        credit=_difference(new.credits_total, old.credits_total),
        tax=_difference(old.taxes_exclusive_total, new.taxes_exclusive_total),
    )


def _difference(old: Decimal, new: Decimal) -> Decimal:
    return EXACT.subtract(new, old)


def _charged(totals: Totals) -> Decimal:
    return EXACT.add(totals.amount, totals.charges_total)


def _beside(invoice: Invoice) -> Totals:
    """What the invoice's totals have that its lines' do not."""
    of_lines = sum((line.totals for line in invoice.lines), start=NOTHING)
    return Totals(*map(EXACT.subtract, invoice.totals, of_lines))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = _NONE
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _paired(old: Sequence[Line], new: Sequence[Line]) -> Iterator[tuple[Line | None, Line | None]]:
    """Pairs in the order of the new lines, then the old ones that have none."""
    partners: dict[str, Line] = {}
    for kind in (_agreed, _sold):
        taken = {line.id for line in partners.values()}
        unpaired = [line for line in new if line.id not in partners]
        partners |= _partners([line for line in old if line.id not in taken], unpaired, kind)
    kept = {line.id for line in partners.values()}
    yield from ((partners.get(line.id), line) for line in new)
    yield from ((line, None) for line in old if line.id not in kept)


def _partners(old: Sequence[Line], new: Sequence[Line], kind: Callable[[Line], object]) -> dict[str, Line]:
    """The old line of each new one, by the new one's id."""
    groups: dict[object, tuple[list[Line], list[Line]]] = {}
    for side, lines in enumerate((old, new)):
        for line in in_order(lines):
            groups.setdefault(kind(line), ([], []))[side].append(line)
    pairs = (pair for olds, news in groups.values() for pair in zip(olds, news, strict=False))
    return {after.id: before for before, after in pairs}


def _agreed(line: Line) -> tuple[str | None, str, str]:
    subscription = line.subscription
    return (None if subscription is None else subscription.subscription_id, *_sold(line))


def _sold(line: Line) -> tuple[str, str]:
    is_named = line.subscription is not None or line.rate_card.feature_key is not None
    return line.rate_card.key, "" if is_named else line.name
