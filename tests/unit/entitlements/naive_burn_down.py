"""The rules of the burn-down once more, as plainly as can be: every hour, every grant is looked at. For comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.entitlements.burn_down import Stretch, Usage
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.cadence import occurrence
from tests.unit.entitlements.burn_down_samples import HOUR


@dataclass
class Naive:
    """`bore`: what a grant bore in this period since it had its amount; `base_*`: as of the last change."""

    grants: Sequence[Grant]
    is_gauge: bool
    left: dict[str, Decimal]
    bore: dict[str, Decimal] = field(default_factory=dict)
    owed: Decimal = Decimal(0)
    usage: Decimal = Decimal(0)
    granted: Decimal = Decimal(0)
    stretch_usage: Decimal = Decimal(0)
    base: tuple[dict[str, Decimal], dict[str, Decimal], Decimal, Decimal] = ({}, {}, Decimal(0), Decimal(0))

    def use(self, amount: Decimal | None) -> None:
        """All usage since the last change is borne together, from where things stood then."""
        if amount is None:
            return
        self.usage = amount if self.is_gauge else self.usage + amount
        self.stretch_usage = amount if self.is_gauge else self.stretch_usage + amount
        left, bore, self.owed, self.granted = self.base
        self.left, self.bore = dict(left), dict(bore)
        self.bear(max(amount, Decimal(0)) if self.is_gauge else self.stretch_usage)

    def bear(self, amount: Decimal) -> None:
        order = sorted(
            self.grants,
            key=lambda grant: (
                grant.priority,
                grant.expires_at is None,
                grant.expires_at or grant.created_at,
                grant.created_at,
                grant.id,
            ),
        )
        self.owed += amount
        for grant in order:
            taken = min(self.left.get(grant.id, Decimal(0)), max(self.owed, Decimal(0)))
            self.move(grant, taken)
        for grant in reversed(order):
            given = min(self.bore.get(grant.id, Decimal(0)), max(-self.owed, Decimal(0)))
            self.move(grant, -given)

    def move(self, grant: Grant, amount: Decimal) -> None:
        if amount:
            self.left[grant.id] -= amount
            self.bore[grant.id] = self.bore.get(grant.id, Decimal(0)) + amount
            self.owed -= amount
            self.granted += amount

    def change(self, at: datetime, resets: Sequence[Reset]) -> bool:
        """Apply what takes effect at `at`; whether there was anything."""
        ended = [grant for grant in self.grants if grant.ends_at == at and grant.effective_at < at]
        reset = next((reset for reset in resets if reset.at == at), None)
        refilled = [grant for grant in self.grants if _is_refilled(grant, at)]
        if not (ended or reset or refilled):
            return False
        if self.is_gauge:
            left, bore, self.owed, self.granted = self.base
            self.left, self.bore = dict(left), dict(bore)
        for grant in ended:
            del self.left[grant.id]
            self.bore.pop(grant.id, None)
        if reset:
            self.reset(is_owed=reset.preserves_overage and not self.is_gauge)
        for grant in refilled:
            self.left[grant.id] = grant.amount
            self.bore.pop(grant.id, None)
        if not self.is_gauge:
            self.bear(Decimal(0))
            self.stretch_usage = Decimal(0)
        self.rest()
        if self.is_gauge:
            self.use(self.usage)
        return True

    def reset(self, *, is_owed: bool) -> None:
        for grant in self.grants:
            if grant.id in self.left:
                self.left[grant.id] = min(grant.max_rollover, max(grant.min_rollover, self.left[grant.id]))
        self.bore = {}
        self.granted = Decimal(0)
        self.owed = max(self.owed, Decimal(0)) if is_owed else Decimal(0)
        if not self.is_gauge:
            self.usage = Decimal(0)

    def rest(self) -> None:
        self.base = (dict(self.left), dict(self.bore), self.owed, self.granted)


def naive_burn_down(
    grants: Sequence[Grant],
    resets: Sequence[Reset],
    start: datetime,
    until: datetime,
    usage: Usage,
    *,
    is_gauge: bool = False,
) -> Naive:
    """From the opening on; everything happens at whole hours."""
    state = Naive(grants, is_gauge, {grant.id: grant.amount for grant in grants if grant.is_active(start)})
    state.rest()
    at = start
    while at < until:
        state.use(usage(Stretch(start, at, at + HOUR)))
        at += HOUR
        state.change(at, resets)
    return state


def _is_refilled(grant: Grant, at: datetime) -> bool:
    if not grant.is_active(at):
        return False
    if grant.effective_at == at:
        return True
    if grant.recurrence is None:
        return False
    anchor, cadence = grant.recurrence.anchor, grant.recurrence.cadence
    return any(occurrence(anchor, cadence, n) == at for n in range(-100, 100))
