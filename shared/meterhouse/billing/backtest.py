"""A backtest: what customers would have paid for their last periods under another plan. It bills nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from meterhouse.billing.comparison import PairedLine, Summary
from meterhouse.catalog.plan import PlanSpec
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.subscriptions.model import PlanReference

LASTS_AT_MOST = timedelta(hours=2)
"""How long its workflow may run; one that has not finished by then never will."""


class BacktestState(StrEnum):
    """Derived at an instant, never stored."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """Some customers could not be compared; their rows say why."""
    FAILED = "failed"
    """The workflow broke before it was done."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """The last `periods` billing periods that ended by `as_of`, of some customers, under `spec`.

    Attributes:
        plan: the plan that `spec` is a copy of: a draft that changes afterwards changes no backtest.
        requested_at: when it was asked for, last if it had failed before.
        customers: how many were chosen.
        summary: None until it is finished.
    """

    id: str
    plan: PlanReference
    spec: PlanSpec
    periods: int
    as_of: datetime
    requested_at: datetime
    customers: int
    finished_at: datetime | None = None
    summary: Summary | None = None

    @property
    def execution(self) -> str:
        """The name of its workflow's execution, another one each time that it is asked for anew."""
        return f"{self.id}-{self.requested_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"

    def state_at(self, at: datetime) -> BacktestState:
        if self.summary is not None:
            return BacktestState.INCOMPLETE if self.summary.failed else BacktestState.COMPLETE
        return BacktestState.RUNNING if at < self.requested_at + LASTS_AT_MOST else BacktestState.FAILED


class RowState(StrEnum):
    PENDING = "pending"
    COMPARED = "compared"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a customer could not be compared."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """One customer of a backtest.

    Attributes:
        period: what is compared, from the start of the first billing period to the end of the last.
        periods: how many billing periods that is; a young subscription has fewer than were asked for.
        lines: None where they were not asked for.
    """

    customer_id: str
    state: RowState = RowState.PENDING
    period: Period | None = None
    periods: int = 0
    old: Decimal | None = None
    new: Decimal | None = None
    reason: Reason | None = None
    lines: Sequence[PairedLine] | None = None

    @property
    def difference(self) -> Decimal | None:
        """What the customer would have paid more."""
        return None if self.old is None or self.new is None else EXACT.subtract(self.new, self.old)


def backtest_id(
    namespace: str,
    plan: PlanReference,
    changed_at: datetime,
    periods: int,
    as_of: datetime,
    customer_ids: Sequence[str] | None,
) -> str:
    """The id of what is asked for, so that asking twice is one backtest.

    `changed_at` tells the plan's contents; no `customer_ids`: all subscribers.
    """
    chosen = ["all"] if customer_ids is None else ["some", *sorted(customer_ids)]
    what = (namespace, plan.id, format_rfc3339(changed_at), str(periods), format_rfc3339(as_of))
    return derived_ulid(as_of, "backtest", *what, *chosen)
