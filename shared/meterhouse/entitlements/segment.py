"""The history of a burn-down, stretch by stretch. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from meterhouse.entitlements.bearing import ZERO, total
from meterhouse.entitlements.record import Record, Step
from meterhouse.entitlements.timeline import Happening
from meterhouse.kernel.rounding import EXACT


class EndedBy(StrEnum):
    USAGE_RESET = "usage_reset"
    GRANT_BEGAN = "grant_began"
    GRANT_EXPIRED = "grant_expired"
    GRANT_VOIDED = "grant_voided"
    GRANT_RECURRED = "grant_recurred"
    RUN_ENDED = "run_ended"


_REASONS = {
    Happening.RESET: EndedBy.USAGE_RESET,
    Happening.BEGIN: EndedBy.GRANT_BEGAN,
    Happening.RECUR: EndedBy.GRANT_RECURRED,
}


@dataclass(frozen=True, slots=True)
class Segment:
    """Time in which no grant began, ended or recurred and nothing was reset.

    At a reset there is one of no length: what rolled over, and what preserved overage burnt of it.

    Attributes:
        usage: in it; of a gauge its value at the end.
        overage: at its end.
        balances_at_start: by the id of each active grant, in burn order. Overage that is paid as a grant begins or
            recurs is burnt in the segment that begins then, on top of `usage`; of a gauge, all is given back first.
        grant_usages: who bore how much, by grant id in burn order; below zero: what was given back.
        ended_by: empty for one of no length.
    """

    start: datetime
    end: datetime
    usage: Decimal
    overage: Decimal
    balances_at_start: Mapping[str, Decimal]
    balances_at_end: Mapping[str, Decimal]
    grant_usages: tuple[tuple[str, Decimal], ...]
    ended_by: frozenset[EndedBy]

    @property
    def balance_at_start(self) -> Decimal:
        return total(self.balances_at_start.values())

    @property
    def balance_at_end(self) -> Decimal:
        return total(self.balances_at_end.values())

    @property
    def is_rollover(self) -> bool:
        return self.start == self.end


_Amounts = Mapping[int, Decimal]


def segments_of(record: Record) -> Iterator[Segment]:
    left, known = record.left, record.borne
    paid: _Amounts = {}
    if record.is_gauge:
        left, known = _plus(left, known), {}
    for step in record.steps:
        shares = _minus(_plus(paid, step.borne), known)
        after = _minus(left, shares)
        yield _segment(record, step, left, after, shares)
        left = _changed(left if record.is_gauge else after, step)
        paid, known = ({} if record.is_gauge else step.paid), {}
        if any(kind is Happening.RESET for kind, _ in step.happenings):
            after = _minus(left, step.paid)
            yield _rollover(record, step, left, after)
            left, paid = (left if record.is_gauge else after), {}


def _segment(record: Record, step: Step, left: _Amounts, after: _Amounts, shares: _Amounts) -> Segment:
    return Segment(
        start=step.start,
        end=step.end,
        usage=step.usage,
        overage=step.overage,
        balances_at_start=record.by_id(left),
        balances_at_end=record.by_id(after),
        grant_usages=_usages(record, shares),
        ended_by=frozenset(_reasons(record, step)) or frozenset({EndedBy.RUN_ENDED}),
    )


def _rollover(record: Record, step: Step, left: _Amounts, after: _Amounts) -> Segment:
    return Segment(
        start=step.end,
        end=step.end,
        usage=step.usage if record.is_gauge else ZERO,
        overage=step.overage_left,
        balances_at_start=record.by_id(left),
        balances_at_end=record.by_id(after),
        grant_usages=_usages(record, step.paid),
        ended_by=frozenset(),
    )


def _reasons(record: Record, step: Step) -> Iterator[EndedBy]:
    for kind, number in step.happenings:
        if kind is not Happening.END:
            yield _REASONS[kind]
        else:
            yield EndedBy.GRANT_VOIDED if record.grants[number].is_voided else EndedBy.GRANT_EXPIRED


def _usages(record: Record, shares: _Amounts) -> tuple[tuple[str, Decimal], ...]:
    return tuple((grant_id, amount) for grant_id, amount in record.by_id(shares).items() if amount)


def _changed(left: _Amounts, step: Step) -> _Amounts:
    changed = dict(left)
    for kind, number, _, after in step.changes:
        if kind is Happening.END:
            del changed[number]
        else:
            changed[number] = after
    return changed


def _plus(amounts: _Amounts, others: _Amounts) -> _Amounts:
    return {**amounts, **{number: EXACT.add(amounts.get(number, ZERO), other) for number, other in others.items()}}


def _minus(amounts: _Amounts, others: _Amounts) -> _Amounts:
    return _plus(amounts, {number: other.copy_negate() for number, other in others.items()})
