"""One customer of a backtest: the lines of both sides, and what they come to once usage is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from meterhouse.billing.backtest import BacktestRow, Reason, RowState
from meterhouse.billing.billed_lines import BilledLines, less_given_back, within
from meterhouse.billing.collection import NO_COST_BASIS, Missing, Quantities, RateLine, quantity_of, rated, unsaid
from meterhouse.billing.compared_periods import Stretch, targets_within, under, unmatched
from meterhouse.billing.comparison import paired, sums_of
from meterhouse.billing.invoice import Line
from meterhouse.billing.overages import Bases, in_money, leaves_money
from meterhouse.billing.profile import Workflow
from meterhouse.billing.reconcile import line_of
from meterhouse.catalog.plan import PlanSpec
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.target import TargetLine

_NO_BASES: Bases = {}


@dataclass(frozen=True, slots=True)
class Case:
    """A customer's lines.

    Attributes:
        invoiced: old ones on issued invoices, with the amounts that they have there.
        old: lines on drafts, and what the subscriptions ask for beside them; not rated yet.
        new: what the plan would ask for; not rated yet.
        given_back: what went back of old ones, by their ids.
    """

    customer_id: str
    stretches: Sequence[Stretch]
    invoiced: Sequence[Line]
    old: Sequence[Line]
    new: Sequence[Line]
    given_back: Mapping[str, Decimal]

    @property
    def period(self) -> Period:
        return Period(self.stretches[-1].period.start, self.stretches[0].period.end)

    @property
    def unrated(self) -> list[Line]:
        return [*self.old, *self.new]


def case_of(
    customer_id: str,
    stretches: Sequence[Stretch],
    plan: PlanSpec,
    billed: BilledLines,
    now: datetime,
) -> Case:
    """The lines of a customer's stretches, as they are and under `plan`.

    Both sides are divided alike: a rest is rounded by itself, and so is the same rest under the plan. What was
    invoiced in advance is taken off the old side alone, as billing does. Units of custom currencies count with what all
    of them are worth, not with what credit left of them.

    Raises:
        InvalidInput: the plan or one of the lines cannot be compared, see `under` and `targets_within`; or what was
            invoiced in advance outside the stretches pays for a part of them.
    """
    invoiced: list[Line] = []
    old: list[Line] = []
    new: list[Line] = []
    for stretch in stretches:
        agreed = stretch.subscription
        asked = targets_within(stretch, agreed, billed.parted)
        _refuse_incomparable(asked, stretches, billed)
        issued, drafted = within(billed.issued, stretch), within(billed.drafted, stretch)
        rest = (part for target in asked for part in billed.left(target))
        invoiced += issued
        old += [*drafted, *(line_of(customer_id, target, now) for target in rest)]
        planned = targets_within(stretch, under(plan, agreed), billed.parted)
        new += [_beside(line_of(customer_id, target, now)) for target in planned]
    return Case(customer_id, stretches, invoiced, old, new, billed.given_back)


def settled(
    case: Case, quantities: Quantities, workflow: Workflow, now: datetime, bases: Bases = _NO_BASES
) -> BacktestRow:
    """The customer's row: compared, or failed where a quantity is not known."""
    as_charged, whole = in_money(partial(_less_given_back, case.given_back), bases), in_money(rated, bases)
    try:
        old = [*case.invoiced, *(_rated(line, quantities, workflow, now, as_charged) for line in case.old)]
        new = [_rated(line, quantities, workflow, now, whole) for line in case.new]
    except InvalidInput as error:
        return failed(case.customer_id, error)
    lines = paired(old, new, {line.id: line.invoice_id for line in case.invoiced})
    sums = sums_of(lines)
    return BacktestRow(
        customer_id=case.customer_id,
        state=RowState.COMPARED,
        period=case.period,
        periods=sum(stretch.periods for stretch in case.stretches),
        old=sums.old,
        new=sums.new,
        lines=lines,
    )


def failed(customer_id: str, error: InvalidInput) -> BacktestRow:
    """The row of a customer that cannot be compared."""
    code = error.problems[0].code if error.problems else "invalid"
    return BacktestRow(customer_id, RowState.FAILED, reason=Reason(code, error.detail))


def _refuse_incomparable(asked: Sequence[TargetLine], stretches: Sequence[Stretch], billed: BilledLines) -> None:
    for target in asked:
        if target.key in billed.unfinished:
            raise unmatched("period_not_billed", f"of {target.key}, which is billed in parts, some are not issued yet")
        if billed.is_prepaid_outside(target, stretches):
            message = f"{target.key} was paid in part before the periods compared: only the difference was charged"
            raise unmatched("charged_as_difference", message)


def _beside(line: Line) -> Line:
    """A line of the new side: the old side may have one of the same key, and so of the same id."""
    return replace(line, id=f"{line.id}/new")


def _less_given_back(
    back: Mapping[str, Decimal], line: Line, quantity: Decimal, workflow: Workflow, now: datetime
) -> Line:
    done = rated(line, quantity, workflow, now)
    return less_given_back(done, back[line.id]) if line.id in back else done


def _rated(line: Line, quantities: Quantities, workflow: Workflow, now: datetime, rate_line: RateLine) -> Line:
    quantity = quantity_of(line, quantities)
    if isinstance(quantity, Missing):
        raise unmatched(quantity.code, f"line {line.key}: {quantity.message}")
    done = rate_line(line, quantity, workflow, now)
    if leaves_money(done):
        raise unmatched(NO_COST_BASIS, f"line {line.key}: {unsaid(line.currency, line.billed_in)}")
    return done
