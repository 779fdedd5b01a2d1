"""A run of the burn-down, from one instant to the next. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from meterhouse.entitlements.balance import Balance, bearing_from
from meterhouse.entitlements.bearing import ZERO
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.timeline import Happening, Happenings
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.rounding import EXACT


class Run:
    """Where a run has come to.

    Attributes:
        at: up to here all is known and has been applied.
        period_start: where the usage period begins that `at` lies in.
        grants: in burn order; elsewhere their numbers stand for them.
    """

    def __init__(self, start: Balance, grants: Sequence[Grant], resets: Sequence[Reset], *, is_gauge: bool) -> None:
        self.at, self.period_start = start.at, start.period_start
        self.grants = grants
        self._usage = start.usage
        self._resets = resets
        self._is_gauge = is_gauge
        self._bearing = bearing_from(start, grants, is_gauge=is_gauge)
        self._active = {number for number, grant in enumerate(grants) if grant.is_active(start.at)}
        # a reset does nothing to a rest that has been capped and lifted and has not changed since
        self._may_roll = set(self._active)

    @property
    def remaining(self) -> Decimal:
        return self._bearing.remaining

    @property
    def balance(self) -> Balance:
        bearing = self._bearing
        return Balance(
            at=self.at,
            period_start=self.period_start,
            balances={self.grants[number].id: bearing.left[number] for number in sorted(self._active)},
            overage=self._overage,
            usage=self._usage,
            granted_usage=bearing.granted,
            borne=self._by_id(bearing.open),
            stretch_usage=self._usage if self._is_gauge else bearing.used,
            settled=self._by_id(bearing.settled),
            credit=max(EXACT.minus(bearing.owed), ZERO),
        )

    def pass_to(self, at: datetime, used: Decimal | None) -> None:
        """Go to `at`, with what was used on the way."""
        self.at = at
        if used is None:
            return
        if self._is_gauge:
            self._usage = used
            self._bearing.hold(max(used, ZERO))
        elif used:
            self._usage = EXACT.add(self._usage, used)
            self._bearing.use(used)

    def happen(self, happenings: Happenings) -> Mapping[int, Decimal]:
        """Apply what takes effect at `at`, in order; who pays how much of the overage then, or bears of a gauge."""
        bearing, held = self._bearing, self._bearing.used
        if self._is_gauge:
            bearing.take_back()
        else:
            self._may_roll.update(bearing.settle())
        for kind, number in happenings:
            if kind is Happening.RESET:
                self._reset(self._resets[number])
            elif kind is Happening.END:
                self._end(number)
            else:
                self._refill(kind, number)
        if self._is_gauge:
            bearing.hold(held)
            return bearing.open
        paid = bearing.pay()
        self._may_roll.update(paid)
        return paid

    def _refill(self, kind: Happening, number: int) -> None:
        self._active.add(number)
        self._may_roll.add(number)
        self._put(kind, number, self.grants[number].amount)

    def _end(self, number: int) -> None:
        self._active.discard(number)
        self._may_roll.discard(number)
        self._put(Happening.END, number, ZERO)

    def _reset(self, reset: Reset) -> None:
        self.period_start = self.at
        if not self._is_gauge:
            self._usage = ZERO
        self._bearing.begin_period(is_owed=reset.preserves_overage)
        for number in sorted(self._may_roll):
            grant = self.grants[number]
            rolled = min(grant.max_rollover, max(grant.min_rollover, self._bearing.left[number]))
            self._put(Happening.RESET, number, rolled)
        self._may_roll = set()

    def _put(self, kind: Happening, number: int, amount: Decimal) -> None:  # noqa: ARG002 - for those who take notes
        self._bearing.put(number, amount)

    @property
    def _overage(self) -> Decimal:
        return max(self._bearing.owed, ZERO)

    def _by_id(self, amounts: Mapping[int, Decimal]) -> dict[str, Decimal]:
        return {self.grants[number].id: amounts[number] for number in sorted(amounts) if amounts[number]}
