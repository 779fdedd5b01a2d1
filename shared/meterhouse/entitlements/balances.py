"""Balances at an instant: what the burn-down makes of grants, resets and usage, however many are asked for at once."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.bearing import ZERO, total
from meterhouse.entitlements.entitlement import Entitlement, ceil_minute
from meterhouse.entitlements.metered_usage import MeteredRun
from meterhouse.entitlements.snapshot import NewSnapshot, snapshot_at
from meterhouse.entitlements.standing import Metered, Standing
from meterhouse.kernel.rounding import EXACT
from meterhouse.metering.usage import UsageQuery, UsageRow


@dataclass(frozen=True, slots=True)
class EntitlementBalance:
    """What an entitlement gives at `at`.

    Attributes:
        at: the instant asked for; `balance` is that of the next whole minute, so that the newest usage counts.
        balance: of a metered entitlement, once its usage is measured.
        reserved: what open holds keep back of it.
    """

    entitlement: Entitlement
    at: datetime
    balance: Balance | None = None
    reserved: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """What is left and not kept back; never below 0."""
        left = ZERO if self.balance is None else self.balance.remaining
        return max(EXACT.subtract(left, self.reserved), ZERO)

    @property
    def has_access(self) -> bool:
        if not self.entitlement.is_active(self.at):
            return False
        allowance = self.entitlement.allowance
        return allowance is None or allowance.is_soft_limit or self.available > 0


class Standings(Protocol):
    """One statement each, inside the caller's transaction."""

    def of_entitlements(self, entitlement_ids: Collection[str], at: datetime) -> list[Standing]:
        """Those of these ids that exist, in no order; snapshots not later than `at`."""


class ReadBalances(Protocol):
    """`Balances`, for who reckons with them."""

    def at(self, namespace: str, standings: Sequence[Standing], at: datetime) -> Mapping[str, EntitlementBalance]: ...


class MeterUsage(Protocol):
    def query_many(self, namespace: str, asked: Sequence[UsageQuery]) -> list[list[UsageRow]]:
        """For each query the rows of its parts; few round trips, however many queries there are."""


KeepSnapshots = Callable[[str, Sequence[NewSnapshot]], None]
"""Keeps snapshots of a namespace, or does not."""


def keep_none(_namespace: str, _snapshots: Sequence[NewSnapshot]) -> None:
    """For whoever answers somebody that waits."""


class Balances:
    def __init__(self, usage: MeterUsage, keep: KeepSnapshots = keep_none) -> None:
        self._usage = usage
        self._keep = keep

    def at(self, namespace: str, standings: Sequence[Standing], at: datetime) -> Mapping[str, EntitlementBalance]:
        """What each entitlement gives, by its id: two round trips to the usage store, however many they are.

        Raises:
            Unavailable: the usage store does not answer; nobody has access by that.
        """
        runs = [(standing, run) for standing in standings if (run := _run(standing, ceil_minute(at))) is not None]
        balances = self._reckoned(namespace, [run for _, run in runs])
        made = zip(runs, balances, strict=True)
        self._keep(namespace, [new for (standing, run), stops in made for new in _kept(standing, run, stops)])
        last = {standing.entitlement.id: stops[-1] for (standing, _), stops in zip(runs, balances, strict=True)}
        return {
            standing.entitlement.id: EntitlementBalance(
                standing.entitlement, at, last.get(standing.entitlement.id), _reserved(standing.metered, at)
            )
            for standing in standings
        }

    def _reckoned(self, namespace: str, runs: Sequence[MeteredRun]) -> list[list[Balance]]:
        """The balances at the stops of each run."""
        asked = [query for run in runs if (query := run.query) is not None]
        answers = iter(self._usage.query_many(namespace, asked) if asked else ())
        return [run.balances(run.usage(() if run.query is None else next(answers))) for run in runs]


def _run(standing: Standing, until: datetime) -> MeteredRun | None:
    """To `until`, with a stop where a snapshot is worth it; None where no usage is measured, or not yet."""
    metered, allowance = standing.metered, standing.entitlement.allowance
    if metered is None or allowance is None or until < allowance.periods.measured_from:
        return None
    run = MeteredRun(metered, allowance.periods, [until])
    at = snapshot_at(metered, run.start, until)
    return run if at is None or at == until else replace(run, stops=[at, until])


def _kept(standing: Standing, run: MeteredRun, balances: Sequence[Balance]) -> Iterator[NewSnapshot]:
    metered = run.metered
    if snapshot_at(metered, run.start, run.stops[-1]) is not None:
        entitlement = standing.entitlement
        yield NewSnapshot(
            entitlement.id, balances[0], entitlement.changes, metered.basis, metered.seen, metered.read_at
        )


def _reserved(metered: Metered | None, at: datetime) -> Decimal:
    """A hold of the running minute counts as its usage does: the clocks of two callers may differ."""
    holds = () if metered is None else metered.holds
    return total(hold.amount for hold in holds if hold.created_at <= ceil_minute(at) and at < hold.expires_at)
