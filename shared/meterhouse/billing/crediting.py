"""How much of an invoice may still be taken back, and how an amount falls on its lines, their parts and taxes. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.billing.credit_note import TAXES, CreditNote, NoteLine, NotePart, Refund, Unused, summed
from meterhouse.billing.credits import charge_keys
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.kernel.allocation import allocate
from meterhouse.kernel.currency import currency
from meterhouse.kernel.errors import Problem
from meterhouse.kernel.rounding import EXACT, fits, round_fraction

_NONE = Decimal(0)
_OTHERS = "others"


@dataclass(frozen=True, slots=True)
class LineWanted:
    """A line to take back; `amount` None: all that is left of it."""

    line_id: str
    amount: Decimal | None = None


class Worth(NamedTuple):
    """What a line comes to, in money and in what credit bears."""

    money: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class NoteWanted:
    """What a caller wants taken back: all that is left of the invoice, an amount over its lines, or lines."""

    reason: str
    refund: Refund = Refund.NONE
    amount: Decimal | None = None
    lines: Sequence[LineWanted] | None = None


class Left:
    """What of an invoice's lines was invoiced in money and not taken back, part by part.

    Lines that pay for credit are left out: that is voided with its grant.
    """

    def __init__(self, invoice: Invoice, notes: Iterable[CreditNote]) -> None:
        self.exponent = currency(invoice.currency).exponent
        self._lines = {line.id: line for line in invoice.lines if line.grant_id is None}
        taken = [one for note in notes if note.stands for one in note.lines]
        self._parts = {line.id: _less(line, taken) for line in self._lines.values()}
        self._inclusive = {line.id: _inclusive(line, taken) for line in self._lines.values()}

    @property
    def line_ids(self) -> list[str]:
        return list(self._lines)

    @property
    def total(self) -> Decimal:
        return summed(map(self.of, self._parts))

    def of(self, line_id: str) -> Decimal:
        """What is left of a line; below zero where it gives something back itself."""
        return summed(self._parts[line_id].values())

    def holds(self, lines: Collection[NoteLine]) -> bool:
        """Whether all that these lines would take is left, of each of them and of all together."""
        return summed(line.total for line in lines) <= self.total and all(
            min(part, _NONE) <= amount <= max(part, _NONE)
            for line in lines
            for key, amount in line.parts
            for part in [self._parts[line.line_id][key]]
        )

    def all(self) -> list[NoteLine]:
        """Everything that is left."""
        return [self.take(line_id, self.of(line_id)) for line_id in self._parts if self.of(line_id)]

    def spread(self, amount: Decimal) -> list[NoteLine]:
        """An amount, at most all that is left, over the lines by what is left of each."""
        if amount == self.total:
            return self.all()
        weights = [(line_id, left) for line_id in self._parts if (left := self.of(line_id)) > 0]
        return [self.take(line_id, part) for line_id, part in allocate(amount, weights, self.exponent).items() if part]

    def take(self, line_id: str, amount: Decimal, unused: Sequence[Unused] = ()) -> NoteLine:
        """An amount, at most what is left of the line, over its parts by what is left of each."""
        parts, left = self._parts[line_id], self.of(line_id)
        inclusive = self._inclusive[line_id]
        if amount == left:
            taken = dict(parts)
        else:
            taken = self._shared(amount, parts)
            inclusive = round_fraction(Fraction(inclusive) * Fraction(amount) / Fraction(left), self.exponent)
        return NoteLine(line_id, [NotePart(key, part) for key, part in taken.items() if part], inclusive, unused)

    def _shared(self, amount: Decimal, parts: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """An amount by taxes and all else, as both are left together; then over what is left of each other part.

        Parts that take off have no share of it: all else comes to no more than the others.
        """
        taxes = max(parts[TAXES], _NONE)
        others = {key: part for key, part in parts.items() if key != TAXES}
        both = [(TAXES, taxes), (_OTHERS, max(summed(others.values()), _NONE))]
        shares = allocate(amount, both, self.exponent)
        if not shares[_OTHERS]:
            return shares
        weights = [(key, part) for key, part in others.items() if part > 0]
        return {TAXES: shares[TAXES], **allocate(shares[_OTHERS], weights, self.exponent)}


def worth_of(line: Line, part: Fraction, exponent: int) -> Worth:
    """What a part of a line comes to, to the cent: of its taxes, its money and its credit the same share counts."""
    money, credit = line.totals.total, line.totals.credits_total
    whole = round_fraction(Fraction(EXACT.add(money, credit)) * part, exponent)
    return Worth(**allocate(whole, [("money", money), ("credit", credit)], exponent))


def taken_down(left: Left, line_id: str, bears: Decimal, worth: Worth, unused: Sequence[Unused] = ()) -> NoteLine:
    """What has to be taken back of a line, of which credit bears `bears`, so that it comes to its worth.

    What was taken back before, by hand too, counts.
    """
    money, credit = EXACT.subtract(left.of(line_id), worth.money), EXACT.subtract(bears, worth.credit)
    back = max(EXACT.add(money, credit), _NONE)
    amount = max(min(money, back), _NONE)
    taken = left.take(line_id, amount, unused) if amount else NoteLine(line_id, (), unused=unused)
    return replace(taken, credits=max(min(credit, back), _NONE))


def lowered(
    invoice: Invoice, notes: Iterable[CreditNote], borne: Mapping[str, Decimal], kept: Mapping[str, Fraction]
) -> list[NoteLine]:
    """What has to be taken back of lines, by their ids, so that a part of each is kept; `borne` tells by charge."""
    left = Left(invoice, notes)
    found = []
    for line in invoice.lines:
        if line.id in kept:
            bears = summed(borne.get(key, _NONE) for key in charge_keys([line]))
            found.append(taken_down(left, line.id, bears, worth_of(line, kept[line.id], left.exponent)))
    return found


def is_given_back_since(failed: CreditNote, notes: Iterable[CreditNote]) -> bool:
    """Whether billing gave back by itself of lines of the note since that failed: it held back no longer."""
    own = {line.line_id for line in failed.lines}
    later = (note for note in notes if note.is_automatic and note.stands and note.issued_at >= failed.updated_at)
    return any(line.line_id in own and (line.total or line.credits) for note in later for line in note.lines)


def problems_of(wanted: NoteWanted, left: Left) -> Iterator[Problem]:
    """Everything that is wrong with it, by JSON pointer."""
    if wanted.amount is not None:
        if wanted.lines is not None:
            yield Problem("/amount", "amount_or_lines", "either an amount over all lines or lines, not both")
        yield from _amount_problems(wanted.amount, left.total, left.exponent, "/amount")
    named: set[str] = set()
    for number, line in enumerate(wanted.lines or ()):
        at = f"/lines/{number}"
        if line.line_id in named:
            yield Problem(f"{at}/lineId", "duplicate_line", "an earlier entry names this line")
        elif line.line_id not in left.line_ids:
            yield Problem(f"{at}/lineId", "unknown_line", "the invoice has no such line that can be taken back")
        elif line.amount is not None:
            yield from _amount_problems(line.amount, left.of(line.line_id), left.exponent, f"{at}/amount")
        elif left.of(line.line_id) <= 0:
            yield Problem(f"{at}/lineId", "nothing_left", "nothing is left of this line")
        named.add(line.line_id)
    if wanted.lines is not None and not named:
        yield Problem("/lines", "nothing_left", "no line is named")
    known = [line for line in wanted.lines or () if line.line_id in left.line_ids]
    if summed(left.of(line.line_id) if line.amount is None else line.amount for line in known) > left.total:
        yield Problem("/lines", "more_than_is_left", f"only {left.total:f} is left of what was invoiced")


def lines_of(wanted: NoteWanted, left: Left) -> list[NoteLine]:
    """What is taken back of each line; `wanted` is sound."""
    if wanted.lines is None:
        return left.all() if wanted.amount is None else left.spread(wanted.amount)
    return [
        left.take(line.line_id, left.of(line.line_id) if line.amount is None else line.amount) for line in wanted.lines
    ]


def _less(line: Line, taken: Iterable[NoteLine]) -> Mapping[str, Decimal]:
    parts: dict[str, Decimal] = {}
    for part in line.detailed:
        parts[part.key] = EXACT.add(parts.get(part.key, _NONE), EXACT.subtract(part.net, part.credits))
    parts[TAXES] = line.totals.taxes_exclusive_total
    for one in taken:
        if one.line_id == line.id:
            for key, amount in one.parts:
                parts[key] = EXACT.subtract(parts[key], amount)
    return parts


def _inclusive(line: Line, taken: Iterable[NoteLine]) -> Decimal:
    back = summed(one.taxes_inclusive for one in taken if one.line_id == line.id)
    return EXACT.subtract(line.totals.taxes_inclusive_total, back)


def _amount_problems(amount: Decimal, left: Decimal, exponent: int, at: str) -> Iterator[Problem]:
    if amount <= 0:
        yield Problem(at, "greater_than", "what is taken back is more than 0")
    elif not fits(amount, exponent):
        yield Problem(at, "precision", f"the currency has {exponent} digits after the point")
    elif amount > left:
        yield Problem(at, "more_than_is_left", f"only {left:f} is left of what was invoiced")
