"""What became of each grant in a run of the burn-down. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from meterhouse.entitlements.bearing import ZERO
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.record import Change, Record
from meterhouse.entitlements.timeline import Happening
from meterhouse.kernel.rounding import EXACT

_add, _subtract = EXACT.add, EXACT.subtract


@dataclass(frozen=True, slots=True)
class Tally:
    """Conservation: brought + granted + gained = remaining + burnt + expired + voided + lost.

    Attributes:
        brought: left at the start.
        granted: given as it began and each time it recurred.
        gained: given by a minimum at rollovers.
        remaining: left at the end.
        burnt: less what was given back; of a gauge how much more it bears than at the start.
        lost: at rollovers, and what was left as it recurred.
    """

    brought: Decimal = ZERO
    granted: Decimal = ZERO
    gained: Decimal = ZERO
    remaining: Decimal = ZERO
    burnt: Decimal = ZERO
    expired: Decimal = ZERO
    voided: Decimal = ZERO
    lost: Decimal = ZERO

    def then(self, following: "Tally") -> "Tally":
        """Of both runs as one, where `following` goes on from here."""
        return Tally(
            brought=self.brought,
            granted=_add(self.granted, following.granted),
            gained=_add(self.gained, following.gained),
            remaining=following.remaining,
            burnt=_add(self.burnt, following.burnt),
            expired=_add(self.expired, following.expired),
            voided=_add(self.voided, following.voided),
            lost=_add(self.lost, following.lost),
        )


def tallies_of(record: Record, remaining: Mapping[str, Decimal]) -> dict[str, Tally]:
    """`remaining`: what is left at the end, by grant id."""
    sums: list[dict[str, Decimal]] = [{} for _ in record.grants]
    for number, name, amount in _bookings(record):
        sums[number][name] = _add(sums[number].get(name, ZERO), amount)
    return {
        grant.id: Tally(remaining=remaining.get(grant.id, ZERO), **booked)
        for grant, booked in zip(record.grants, sums, strict=True)
    }


def _bookings(record: Record) -> Iterator[tuple[int, str, Decimal]]:
    for number, amount in record.left.items():
        yield number, "brought", amount
    for shares in _burnt(record):
        for number, amount in shares.items():
            yield number, "burnt", amount
    if record.steps:
        for number, amount in record.borne.items():
            yield number, "burnt", amount.copy_negate()
    for step in record.steps:
        for change in step.changes:
            yield from _changed(change, record.grants[change.number])


def _burnt(record: Record) -> Iterator[Mapping[int, Decimal]]:
    """What was borne in the run, with what of the open usage was borne before it."""
    if record.is_gauge:
        yield from [step.paid if step.happenings else step.borne for step in record.steps[-1:]]
        return
    for step in record.steps:
        yield step.borne
        yield step.paid


def _changed(change: Change, grant: Grant) -> Iterator[tuple[int, str, Decimal]]:
    kind, number, before, after = change
    match kind:
        case Happening.END:
            yield number, "voided" if grant.is_voided else "expired", before
        case Happening.RESET if before < after:
            yield number, "gained", _subtract(after, before)
        case Happening.RESET:
            yield number, "lost", _subtract(before, after)
        case _:
            yield number, "lost", before
            yield number, "granted", after
