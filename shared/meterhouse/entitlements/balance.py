"""What is left of an entitlement's grants at an instant. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.entitlements.bearing import ZERO, Bearing, total
from meterhouse.entitlements.grant import Grant
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.rounding import EXACT


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left at `at`, all that takes effect at `at` included, and how it came about in the usage period.

    Who stores it stores every field: a run that goes on from it then gives what one run would have given.

    Attributes:
        at: a whole minute.
        period_start: where the usage period begins.
        balances: what is left, by grant id; grants that are not named have nothing left.
        overage: usage that no grant could bear.
        usage: all usage since `period_start`; of a gauge its value.
        granted_usage: what grants bore since `period_start`, preserved overage included.
        borne: by grant id, what each bears of `stretch_usage`; below zero: what it was given back.
        stretch_usage: usage since the last change before or at `at`; of a gauge its value.
        settled: by grant id, what each bore before that, and can be given back where usage is negative.
        credit: negative usage that nobody had borne: as much of the period's next usage burns nothing.
    """

    at: datetime
    period_start: datetime
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    overage: Decimal = ZERO
    usage: Decimal = ZERO
    granted_usage: Decimal = ZERO
    borne: Mapping[str, Decimal] = field(default_factory=dict)
    stretch_usage: Decimal = ZERO
    settled: Mapping[str, Decimal] = field(default_factory=dict)
    credit: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        return total(self.balances.values())

    @property
    def total_available(self) -> Decimal:
        """All that grants gave to this usage period: what they bore and what is left."""
        return EXACT.add(self.granted_usage, self.remaining)


def opening(grants: Sequence[Grant], at: datetime) -> Balance:
    """The first balance of all, where measuring begins.

    Raises:
        InvariantBroken: a grant begins earlier.
    """
    if early := [grant.id for grant in grants if grant.effective_at < at]:
        raise InvariantBroken(f"grants {early} begin before {at}, where measuring begins")
    return Balance(at, at, {grant.id: grant.amount for grant in in_burn_order(grants) if grant.is_active(at)})


def in_burn_order(grants: Iterable[Grant]) -> list[Grant]:
    return sorted(grants, key=lambda grant: grant.burn_order)


def bearing_from(start: Balance, grants: Sequence[Grant], *, is_gauge: bool) -> Bearing:
    """The state that `start` tells of; what it says of grants that are not active then is of no account.

    Raises:
        InvariantBroken: it names a grant that is not there, or less than nothing is left of one.
    """
    _check(start, grants)
    # as it was before the open usage, which is then borne anew
    borne = total(start.borne.values())
    owed = EXACT.subtract(EXACT.add(start.overage, borne), EXACT.add(start.credit, start.stretch_usage))
    left = [_before(start, grant) if grant.is_active(start.at) else ZERO for grant in grants]
    bearing = Bearing(
        left, ZERO if is_gauge else owed, EXACT.subtract(start.granted_usage, borne), _settled_before(start, grants)
    )
    bearing.hold(max(start.stretch_usage, ZERO) if is_gauge else start.stretch_usage)
    return bearing


def _check(start: Balance, grants: Sequence[Grant]) -> None:
    ids = {grant.id for grant in grants}
    if len(ids) < len(grants):
        raise InvariantBroken("two grants have the same id")
    if unknown := sorted({*start.balances, *start.borne, *start.settled} - ids):
        raise InvariantBroken(f"the balance at {start.at} names grants that do not exist: {unknown}")
    if min(start.balances.values(), default=ZERO) < 0:
        raise InvariantBroken(f"the balance at {start.at} leaves a grant less than nothing")


def _before(start: Balance, grant: Grant) -> Decimal:
    return EXACT.add(start.balances.get(grant.id, ZERO), start.borne.get(grant.id, ZERO))


def _settled_before(start: Balance, grants: Sequence[Grant]) -> dict[int, Decimal]:
    given_back = {grant_id: amount for grant_id, amount in start.borne.items() if amount < 0}
    return {
        number: EXACT.subtract(start.settled.get(grant.id, ZERO), given_back.get(grant.id, ZERO))
        for number, grant in enumerate(grants)
        if grant.is_active(start.at) and (grant.id in start.settled or grant.id in given_back)
    }
