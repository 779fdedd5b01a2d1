"""What a change of a customer's subscriptions does to the lines that are still to be invoiced."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.billing.collection import (
    Missing,
    Quantities,
    RateLine,
    collects_up_to,
    drafts,
    missing_of,
    next_collection_at,
    quantity_of,
    rated,
    share_of,
    with_lines,
)
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.overages import Bases, in_money, leaves_money, worthless
from meterhouse.billing.profile import Profile, Workflow
from meterhouse.billing.reconcile import Changes, reconcile
from meterhouse.billing.rests import Known
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import FlatPrice, UnitPrice
from meterhouse.customers.model import Customer
from meterhouse.kernel.rounding import EXACT
from meterhouse.subscriptions.model import Subscription

_WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Pending:
    """Lines that are still to be invoiced, and what is known of all lines."""

    lines: Sequence[Line]
    known: Known

    def following(self, subscriptions: Iterable[Subscription], horizon: datetime, now: datetime) -> "Pending":
        """What an invoice run at `horizon` would leave of them."""
        own = [line for line in self.lines if line.subscription is not None]
        changes = reconcile(subscriptions, own, self.known, horizon, now)
        lines = _applied(self.lines, changes)
        gone = {line.key: line.revision - 1 for line in self.lines if line.id in changes.removed}
        keys = (self.known.keys - gone.keys()) | {line.key for line in lines}
        return Pending(lines, replace(self.known, keys=keys, closed={**self.known.closed, **gone}))


class Usages(NamedTuple):
    """What lines are valued by."""

    quantities: Quantities
    rate_line: RateLine = rated

    def in_money(self, bases: Bases) -> "Usages":
        """Lines in units are valued by what these are worth of which that says that credit bears none."""
        return Usages(self.quantities, in_money(self.rate_line, bases))


@dataclass(frozen=True, slots=True)
class ChangedLine:
    before: Line
    after: Line


@dataclass(frozen=True, slots=True)
class Proration:
    """A flat price that is charged by its share of a full period; the line's amount is that share, rounded.

    Both amounts are in units of the price's custom currency until somebody said what they are worth.
    """

    line: Line
    share: Fraction
    full_amount: Decimal


@dataclass(frozen=True, slots=True)
class LineChanges:
    """How the pending lines differ, in order of their keys."""

    added: tuple[Line, ...] = ()
    changed: tuple[ChangedLine, ...] = ()
    removed: tuple[Line, ...] = ()

    @property
    def old(self) -> list[Line]:
        return [*self.removed, *(one.before for one in self.changed)]

    @property
    def new(self) -> list[Line]:
        return [*self.added, *(one.after for one in self.changed)]

    def valued(self, old: "Usages", new: "Usages", workflow: Workflow, now: datetime) -> "LineChanges":
        """The lines with what they come to so far."""
        return LineChanges(
            added=tuple(_valued(line, new, workflow, now) for line in self.added),
            changed=tuple(
                ChangedLine(_valued(one.before, old, workflow, now), _valued(one.after, new, workflow, now))
                for one in self.changed
            ),
            removed=tuple(_valued(line, old, workflow, now) for line in self.removed),
        )

    def prorations(self, valued: "LineChanges", workflow: Workflow) -> list[Proration]:
        """Of the lines that the change makes or alters; `valued` are these with what they come to."""
        worth = {line.id: line for line in valued.new}
        found = (_proration(line, worth[line.id], workflow) for line in self.new)
        return [one for one in found if one is not None]


def changes_between(before: Collection[Line], after: Collection[Line]) -> LineChanges:
    old, new = {line.key: line for line in before}, {line.key: line for line in after}
    both = sorted(old.keys() & new.keys())
    return LineChanges(
        added=tuple(new[key] for key in sorted(new.keys() - old.keys())),
        changed=tuple(ChangedLine(old[key], new[key]) for key in both if old[key] != new[key]),
        removed=tuple(old[key] for key in sorted(old.keys() - new.keys())),
    )


def next_edge(pending: Iterable[Line], currency: str, workflow: Workflow, now: datetime) -> datetime:
    """By when lines are due that the next invoice in a currency has: a run now collects them, or else the first can."""
    first = next_collection_at([line for line in pending if _is_billed_in(line, currency)], workflow)
    return max(first or now, collects_up_to(workflow, now))


def due_by(pending: Iterable[Line], currency: str, edge: datetime) -> list[Line]:
    """The lines of an invoice in a currency that is collected at `edge`."""
    lines = (line for line in pending if _is_billed_in(line, currency) and line.invoice_at <= edge)
    return sorted(lines, key=lambda one: (one.invoice_at, one.id))


def next_invoice(
    due: Sequence[Line], customer: Customer, profile: Profile, usages: Usages, now: datetime
) -> Invoice | None:
    """The draft of the lines with what they come to so far; None where there are none."""
    last = max((line.invoice_at for line in due), default=now)
    for draft in drafts(due, {customer.id: customer}, {customer.id: profile}, max(last, now), now):
        valued = ((line, _valued(line, usages, draft.workflow, now)) for line in draft.lines)
        # no sum of money counts what is still in units
        known = [line if leaves_money(done) else done for line, done in valued if not _is_borne(done)]
        invoice = with_lines(draft, known)
        missing = missing_of(invoice, usages.quantities)
        unread = {issue.field for issue in missing}
        issues = (*missing, *(issue for issue in worthless(known) if issue.field not in unread))
        return replace(invoice, issues=issues) if known else None
    return None


def _applied(lines: Iterable[Line], changes: Changes) -> list[Line]:
    changed = {line.id: line for line in changes.changed}
    kept = [changed.get(line.id, line) for line in lines if line.id not in changes.removed]
    return [*kept, *changes.added]


def _valued(line: Line, usages: Usages, workflow: Workflow, now: datetime) -> Line:
    quantity = quantity_of(line, usages.quantities)
    return line if isinstance(quantity, Missing) else usages.rate_line(line, quantity, workflow, now)


def _is_borne(done: Line) -> bool:
    """Whether credit leaves nothing of units, so that no invoice has them."""
    if done.overage is not None:
        return not done.overage.units
    return leaves_money(done) and done.quantity is not None and not done.totals.total


def _is_billed_in(line: Line, currency: str) -> bool:
    """Whether it, or what credit leaves of it, comes onto an invoice in the currency."""
    return line.billed_in == currency and line.settlement_mode is not SettlementMode.CREDIT_ONLY


def _proration(line: Line, valued: Line, workflow: Workflow) -> Proration | None:
    price, worth = line.rate_card.price, valued.rate_card.price
    share = share_of(line, workflow)
    if share == _WHOLE or not isinstance(price, FlatPrice):
        return None
    full = EXACT.multiply(price.amount, worth.amount) if isinstance(worth, UnitPrice) else price.amount
    return Proration(valued, share, full)
