"""Rated invoices burn prepaid credit; what is rated again, taken off, deleted or voided gives it back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from meterhouse.billing.credit_note import NoteLine
from meterhouse.billing.credits import charge_keys, charges_of, credited
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.state import InvoiceState
from meterhouse.ledger.charging import collect_credit, give_back, give_back_part, recognise_credit
from meterhouse.platform.work import Work

_GIVEN_BACK = "given_back"
_ISSUED, _VOIDED = "issued", "voided"


def burn_credit(work: Work[BillingStore], rated: Sequence[Driven], now: datetime) -> list[Driven]:
    """Rated invoices of locked customers less what credit bears of them, in a handful of statements for all.

    What they burnt when they were rated before comes back first.
    """
    store = work.store.credit
    return_credit(work, [line for one in rated for line in one.invoice.lines], now)
    holders = store.grants.holders({one.invoice.customer_id for one in rated}) if rated else frozenset()
    charged = [
        (one.invoice.customer_id, charge)
        for one in rated
        if one.invoice.customer_id in holders
        for charge in charges_of(one.invoice)
    ]
    collected = collect_credit(store, charged, now) if charged else {}
    return [one.over(credited(one.invoice, collected)) for one in rated]


def return_credit(work: Work[BillingStore], lines: Iterable[Line], now: datetime) -> None:
    """Give back what the lines burnt."""
    keys = charge_keys(lines)
    if keys:
        give_back(work.store.credit, keys, _GIVEN_BACK, now)


def return_part(work: Work[BillingStore], invoice: Invoice, lines: Iterable[NoteLine], key: str, now: datetime) -> None:
    """Give back to credit what note lines of the issued invoice say, once for `key`; it is not earned after all."""
    by_id = {line.id: line for line in invoice.lines}
    # each rating charges anew: one charge bears a line
    amounts = {by_id[one.line_id].credits[0].charge: one.credits for one in lines if one.credits}
    if amounts:
        give_back_part(work.store.credit, amounts, key, now)
        recognise_credit(work.store.credit, amounts, key, now)


def settle_credit(work: Work[BillingStore], driven: Iterable[Driven], now: datetime) -> None:
    """What the steps of invoices mean for the credit they burnt: earned when issued; back when deleted or voided."""
    reached = {state: list[Line]() for state in (InvoiceState.ISSUED, InvoiceState.VOIDED, InvoiceState.DELETED)}
    for one in driven:
        for step in one.transitions:
            if step.target in reached:
                reached[step.target] += one.invoice.lines
    _earn(work, reached[InvoiceState.ISSUED], _ISSUED, now)
    return_credit(work, reached[InvoiceState.DELETED] + reached[InvoiceState.VOIDED], now)
    # what was earned by an invoice that is taken back is not
    _earn(work, reached[InvoiceState.VOIDED], _VOIDED, now)


def _earn(work: Work[BillingStore], lines: Iterable[Line], key: str, now: datetime) -> None:
    keys = charge_keys(lines)
    if keys:
        recognise_credit(work.store.credit, keys, key, now)
