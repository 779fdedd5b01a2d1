"""P11: a burn-down with 10 000 grants: a step of a long run beside one of a short run, and beside a naive scan.

Each grant recurs at a minute of its own, 10 000 of them weekly, so that a step, which is a minute, changes one and
burns some; usage is reset monthly. What a run costs before its first step, such as sorting the grants, is
measured and left out.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from itertools import cycle, islice
from random import Random

from meterhouse.entitlements.burn_down import Balance, burn_down, opening
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from tests.bench.measurement import Effort, Figure, Kind, Run, best

_GRANTS = {Effort.FULL: 10_000, Effort.SMALL: 500}
_STEPS = {Effort.FULL: (100_000, 1_000_000), Effort.SMALL: (3_000, 6_000)}
_SCANNED = {Effort.FULL: 200, Effort.SMALL: 20}
_ROUNDS = {Effort.FULL: 3, Effort.SMALL: 2}
_BOUND = 1.2
_TIMES_FASTER = 100
_START = datetime(2024, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Work:
    """Grants and usage that are the same in every run."""

    grants: int

    def run(self, steps: int) -> Balance:
        until = _START + steps * _MINUTE
        usage = cycle(self._usage)
        resets = list(self._periods.resets(_START, until))
        return burn_down(opening(self.given, _START), self.given, resets, until, lambda _: next(usage)).balance

    def scan(self, steps: int) -> dict[str, Decimal]:
        """The same where nothing is reset, looking at every grant at every step."""
        ordered = sorted(self.given, key=lambda grant: grant.burn_order)
        left = {grant.id: grant.amount for grant in ordered}
        every = timedelta(hours=self._hours)
        owed = Decimal(0)
        for minute, used in enumerate(islice(cycle(self._usage), steps), start=1):
            owed = _burn(ordered, left, owed + used)
            at = _START + minute * _MINUTE
            for grant in ordered:
                if not grant.is_active(at):
                    left[grant.id] = Decimal(0)
                elif grant.recurrence is not None and (at - grant.recurrence.anchor) % every == timedelta():
                    left[grant.id] = grant.amount
            owed = _burn(ordered, left, owed)
        return left

    @cached_property
    def given(self) -> list[Grant]:
        chance = Random(11)  # noqa: S311 - nothing is secret
        recurring = Cadence(self._hours, CadenceUnit.HOUR)
        return [_grant(number, recurring, chance) for number in range(self.grants)]

    @cached_property
    def _usage(self) -> list[Decimal]:
        # on average what recurs, so that some grants are always used up
        chance = Random(12)  # noqa: S311 - nothing is secret
        return [Decimal(chance.randrange(21)) for _ in range(10_007)]

    @property
    def _hours(self) -> int:
        """As many as have a minute for each grant."""
        return -(-self.grants // 60)

    @property
    def _periods(self) -> UsagePeriods:
        return UsagePeriods(Cadence(1, CadenceUnit.MONTH), _START, _START)


def measure(run: Run) -> list[Figure]:
    work = Work(_GRANTS[run.effort])
    few, many = _STEPS[run.effort]
    scanned = _SCANNED[run.effort]
    _check(work, scanned)
    rounds = run.track(range(_ROUNDS[run.effort]), "P11 burn down")
    runs = [partial(work.run, steps) for steps in (1, few, many)]
    # by CPU time: all is arithmetic in this process, and the longest run takes too long to be left alone
    none, short, long, scan = best(*runs, lambda: work.scan(scanned), rounds=rounds, clock=time.process_time)
    each_of_few, each_of_many = (short - none) / few, (long - none) / many
    of_few = f"of {few:,} steps, each"
    return [
        Figure(
            "P11",
            f"a step of {many:,}, {work.grants:,} grants",
            Kind.RATIO,
            each_of_many,
            of_few,
            each_of_few,
            _BOUND,
        ),
        Figure("P11", of_few, Kind.FASTER, each_of_few, "a scan of all grants", scan / scanned, _TIMES_FASTER),
    ]


def _check(work: Work, steps: int) -> None:
    left = work.scan(steps)
    if work.run(steps).balances != left:
        raise AssertionError("the burn-down and the scan disagree")


def _grant(number: int, recurring: Cadence, chance: Random) -> Grant:
    return Grant(
        id=f"grant-{number:05}",
        entitlement_id="entitlement",
        amount=Decimal(chance.randrange(1, 20)),
        effective_at=_START,
        created_at=_START,
        updated_at=_START,
        priority=chance.randrange(1, 256),
        expires_at=_START + chance.randrange(3, 90) * timedelta(days=366),
        recurrence=Recurrence(recurring, _START + number * _MINUTE),
        max_rollover=Decimal(5),
    )


def _burn(ordered: list[Grant], left: dict[str, Decimal], owed: Decimal) -> Decimal:
    for grant in ordered:
        taken = min(left[grant.id], owed)
        left[grant.id] -= taken
        owed -= taken
        if not owed:
            break
    return owed
