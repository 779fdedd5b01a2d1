"""Writing what invoices became: their rows, their steps, their domain events, and the numbers of those issued."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.drive import Driven
from meterhouse.billing.events import step_events
from meterhouse.billing.invoice import draft_number
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.state import InvoiceState
from meterhouse.platform.work import Work


def save(work: Work[BillingStore], driven: Sequence[Driven], now: datetime) -> None:
    """Write invoices, without their lines, with their steps, bookings and events; the caller commits."""
    work.store.invoices.save([replace(one, invoice=replace(one.invoice, updated_at=now)) for one in driven])
    work.store.books.book([booking for one in driven for booking in one.bookings])
    work.publish(*(event for one in driven for event in step_events(one)))


def numbered(work: Work[BillingStore], driven: Sequence[Driven], scope: str) -> list[Driven]:
    """Give every invoice that was issued, and that its app did not number, the next number of `scope`.

    Numbers have no gaps: whoever takes some keeps others waiting until the transaction ends.
    """
    waiting = [one for one in driven if _needs_number(one)]
    if not waiting:
        return list(driven)
    numbers = iter(work.store.invoices.take_numbers(scope, len(waiting)))
    return [_with_number(one, scope, next(numbers)) if _needs_number(one) else one for one in driven]


def _needs_number(driven: Driven) -> bool:
    was_issued = any(step.target is InvoiceState.ISSUED for step in driven.transitions)
    return was_issued and driven.invoice.number == draft_number(driven.invoice.id)


def _with_number(driven: Driven, scope: str, number: int) -> Driven:
    return replace(driven, invoice=replace(driven.invoice, number=f"{scope.upper()}-{number:06d}"))
