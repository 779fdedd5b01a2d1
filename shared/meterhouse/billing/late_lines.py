"""Usage that became known after its period was billed: which periods, and the line that charges for it. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.billing.credit_note import summed
from meterhouse.billing.invoice import NOTHING, Line, ManagedBy
from meterhouse.billing.line_keys import is_late, late_key, whole_of
from meterhouse.billing.reconcile import gathering_id, line_id
from meterhouse.catalog.feature import Feature
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.metering.late_usage import LateMark

MARGIN = timedelta(hours=1)
"""Between usage and its mark lie the longest run of a sink and any difference of clocks, and what is stored within half
an hour of its time has no mark: so what was read within this time of its end is compared once more."""
_NONE = Decimal(0)


class Billed(NamedTuple):
    """A live line for usage, and what is known of its reading.

    Attributes:
        is_billed: whether it stands on an issued invoice, or was settled by credit alone.
        is_given_up: whether it is never billed.
        read_at: when its usage was read or compared last.
        read_of: whose usage its invoice charges for.
    """

    line: Line
    is_billed: bool
    is_given_up: bool
    is_owed: bool
    read_at: datetime | None
    read_of: tuple[str, ...]


class Family(NamedTuple):
    """All live lines of one full period, by their making; `last` is the one that ends it."""

    members: Sequence[Billed]
    last: Billed

    @property
    def customer_id(self) -> str:
        return self.last.line.customer_id

    @property
    def ids(self) -> list[str]:
        return [one.line.id for one in self.members]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whose usage the period charges for."""
        return self.last.line.subjects or self.last.read_of

    @property
    def charging(self) -> list[Line]:
        """The lines that charge something for good, the first first."""
        standing = (one.line for one in self.members if one.is_billed and not one.is_given_up)
        return [line for line in standing if line.totals.charged > 0]

    @property
    def is_billed(self) -> bool:
        """Whether none of its lines is still to be read."""
        return all(one.is_given_up or (one.is_billed and not one.line.is_pending) for one in self.members)

    @property
    def given_back(self) -> Decimal:
        """What they came to less for usage before."""
        return EXACT.minus(summed(min(line.totals.charged, _NONE) for line in self._notes))

    def too_much(self, difference: Line) -> Decimal:
        """What its lines charge too much by now, what was given back before counted in.

        Late usage that is never billed is what is taken back first, and what a given up last part came to: nobody paid
        for it.
        """
        return EXACT.subtract(self.booked_less, difference.totals.charged)

    @property
    def booked_less(self) -> Decimal:
        """What of its lines' charges stands as given back."""
        never_billed = (
            one.line for one in self.members if one.is_given_up and (one is self.last or is_late(one.line.key))
        )
        forgiven = summed(max(line.totals.charged, _NONE) for line in never_billed)
        return EXACT.subtract(self.given_back, forgiven)

    @property
    def _notes(self) -> Iterator[Line]:
        return (one.line for one in self.members if one.line.note_id is not None or not one.line.is_invoiced)


def families_of(billed: Iterable[Billed]) -> list[Family]:
    """The full periods that these are lines of."""
    by_whole: dict[str, list[Billed]] = {}
    for one in billed:
        by_whole.setdefault(whole_of(one.line.key), []).append(one)
    return [
        Family(members, max(members, key=lambda one: (one.line.service_period.end, not is_late(one.line.key))))
        for members in by_whole.values()
    ]


def families_billed(billed: Iterable[Billed]) -> list[Family]:
    """The full periods that were billed for good: none of their lines is still to be read.

    Of one whose last part was given up nothing more is charged, and what was too much goes back all the same.
    """
    return [family for family in families_of(billed) if family.is_billed]


def is_suspect(family: Family, feature: Feature | None, marks: Iterable[LateMark], now: datetime) -> bool:
    """Whether its usage may have changed since it was read last."""
    if feature is None:
        return False
    period = family.last.line.service_period
    read_at = max((one.read_at for one in family.members if one.read_at is not None), default=period.end)
    return (
        any(one.is_owed for one in family.members)
        or read_at < period.end + MARGIN <= now
        or any(
            mark.meter_id == feature.meter_id
            and mark.subject in family.subjects
            and mark.earliest < period.end
            and mark.marked_at > read_at - MARGIN
            for mark in marks
        )
    )


def late_line(family: Family, invoice_at: datetime, now: datetime) -> Line:
    """The pending line for what a period has come to beside what is billed of it.

    It keeps the subjects that the period was billed of: whose usage comes to the customer later was billed elsewhere.
    """
    last = family.last.line
    whole = last.whole_period or last.service_period
    key = late_key(last.key, 1 + sum(is_late(one.line.key) for one in family.members))
    return replace(
        last,
        id=line_id(key, whole.start),
        key=key,
        invoice_id=gathering_id(last.customer_id, last.currency),
        service_period=Period(whole.start, last.service_period.end),
        whole_period=whole,
        invoice_at=invoice_at,
        created_at=now,
        updated_at=now,
        revision=0,
        is_pending=True,
        managed_by=ManagedBy.SYSTEM,
        subjects=family.subjects,
        quantity=None,
        quantity_before=_NONE,
        totals=NOTHING,
        detailed=(),
        trace=None,
        credits=(),
        is_taxed=False,
        deleted_at=None,
    )


def next_due(family: Family, pending: Iterable[Line], as_of: datetime) -> datetime:
    """When the customer's next line in the period's currency is due: both come onto one invoice, or are burnt together.

    `as_of` where nothing is to come.
    """
    alike = (one.invoice_at for one in pending if _goes_with(one) == _goes_with(family.last.line))
    return min(alike, default=as_of)


def _goes_with(line: Line) -> tuple[str, str, bool]:
    return line.customer_id, line.currency, line.is_invoiced


def parts_kept(charging: Iterable[Line], taken_off: Decimal) -> Iterator[tuple[Line, Fraction]]:
    """What part of each line is kept once an amount is taken off them together, the first first."""
    left = taken_off
    for line in charging:
        taken = min(left, line.totals.charged)
        left = EXACT.subtract(left, taken)
        if taken:
            yield line, Fraction(1) - Fraction(taken) / Fraction(line.totals.charged)


def earliest_of(marks: Mapping[str, Collection[LateMark]], since: Mapping[str, datetime]) -> datetime:
    """From when on periods are looked at."""
    return min([*since.values(), *(mark.earliest for own in marks.values() for mark in own)])
