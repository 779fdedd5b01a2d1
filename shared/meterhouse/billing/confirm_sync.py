"""An app that was waited for says that it has the draft, or the final invoice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.app import Accepted, Apps, app_of
from meterhouse.billing.drive import Driven, with_answer
from meterhouse.billing.external_ids import strangers
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.invoice import PAYMENT, Invoice, Line, draft_number
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.service import Shown, refuse_parked, shown_on
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.taxes import tax_faults, taxed
from meterhouse.kernel.errors import Conflict, Problem, Problems
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

_OF_THE_HOUSE = ("DRAFT-", "GATHER-", *(f"{kind.upper()}-" for kind in AppType))


class ConfirmSync:
    """Both confirmations may be repeated, and may come though nobody waited: what is not known yet is taken from them.

    They raise `NotFound` for an unknown invoice; `Conflict` where it is not there yet (`invoice_state`), something else
    is known already (`confirmed_otherwise`), the audit of the books holds it (`invoice_parked`), or another of the app
    has the number (`invoice_number_taken`); `InvalidInput` where the number is one that the house gives, or an id is of
    no part of the invoice.
    """

    def __init__(self, begin: Begin[BillingStore], apps: Apps, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now

    def draft(self, namespace: str, invoice_id: str, answer: Accepted) -> Shown:
        """The app has the draft as it is."""
        return self._confirm(namespace, invoice_id, answer, InvoiceState.DRAFT_SYNCING)

    def issuing(self, namespace: str, invoice_id: str, answer: Accepted) -> Shown:
        """The app has the final invoice."""
        return self._confirm(namespace, invoice_id, answer, InvoiceState.ISSUING_SYNCING)

    def _confirm(self, namespace: str, invoice_id: str, answer: Accepted, awaited: InvoiceState) -> Shown:
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            is_awaited = invoice.state is awaited
            said = answer if is_awaited else self._unknown(namespace, invoice, answer, awaited)
            driven = Driven(_confirmed(invoice, said, at) if is_awaited else _completed(invoice, said))
            if driven.invoice == invoice:
                return shown_on(self._apps, namespace, invoice, at)
            refuse_parked(work, invoice)
            if is_awaited:
                [driven] = gone_on(work, namespace, [driven], self._apps, at)
            save(work, [driven], at)
            work.commit()
        return shown_on(self._apps, namespace, driven.invoice, at)

    def _unknown(self, namespace: str, invoice: Invoice, answer: Accepted, awaited: InvoiceState) -> Accepted:
        """The answer, for which nobody waits, without what it repeats, which may be of lines that were taken off since.

        The final number that the app told outranks a draft's, which is told twice in innocence; one that the house
        gave, or that only the draft's confirmation told, does not.
        """
        is_draft = awaited is InvoiceState.DRAFT_SYNCING
        if (invoice.draft_synced_at if is_draft else invoice.issuing_synced_at) is None:
            raise Conflict(f"nothing is waited for of an invoice in {invoice.state.value}", "invoice_state")
        tells_final = InvoiceState.ISSUING_SYNCING in app_of(self._apps, namespace, invoice).awaits
        is_outranked = is_draft and tells_final and invoice.issuing_synced_at is not None
        is_repeated = answer.number == invoice.number or (is_outranked and not _is_of_the_house(invoice.number))
        known, own = invoice.external_ids, {line.id for line in invoice.lines}
        return replace(
            answer,
            number=None if is_repeated else answer.number,
            external_ids={part: said for part, said in answer.external_ids.items() if known.get(part) != said},
            taxes={line_id: tax for line_id, tax in answer.taxes.items() if line_id in own or line_id not in known},
        )


def _confirmed(invoice: Invoice, answer: Accepted, at: datetime) -> Invoice:
    _check(invoice, answer)
    is_draft = invoice.state is InvoiceState.DRAFT_SYNCING
    synced = replace(invoice, draft_synced_at=at) if is_draft else replace(invoice, issuing_synced_at=at)
    return with_answer(synced, answer)


def _completed(invoice: Invoice, said: Accepted) -> Invoice:
    """The invoice, for which nobody waits, with what is said of which nothing was known yet."""
    _check(invoice, said)
    _refuse_others(invoice, said)
    return with_answer(invoice, replace(said, taxes={}))


def _is_of_the_house(number: str) -> bool:
    return number.upper().startswith(_OF_THE_HOUSE)


def _refuse_others(invoice: Invoice, answer: Accepted) -> None:
    """What is known stays: whoever says something else has to hear of it."""
    number = None if invoice.number == draft_number(invoice.id) else invoice.number
    known = {
        "/invoicing/invoiceNumber": (number, answer.number),
        "/invoicing/externalId": (invoice.external_id, answer.external_id),
        "/invoicing/sentToCustomerAt": (invoice.sent_to_customer_at, answer.sent_to_customer_at),
    }
    found = [(field, f"it is {is_}") for field, (is_, said) in known.items() if None not in {is_, said} and is_ != said]
    for part, said in answer.external_ids.items():
        if invoice.external_ids.get(part, said) != said:
            field = "/payment/externalId" if part == PAYMENT else "/invoicing"
            found.append((field, f"the id of {part} is {invoice.external_ids[part]}"))
    told = zip(taxed(invoice, answer.taxes).lines, invoice.lines, strict=True)
    found += [("/invoicing/lineTaxes", _why_not_taxed(line)) for one, line in told if one.totals != line.totals]
    if found:
        problems = [Problem(field, "confirmed_otherwise", message) for field, message in found]
        raise Conflict("the invoice is known otherwise already", "confirmed_otherwise", problems)


def _why_not_taxed(line: Line) -> str:
    return f"line {line.id} has {'others' if line.is_taxed else 'none: they are taken while its draft is waited for'}"


def _check(invoice: Invoice, answer: Accepted) -> None:
    problems = Problems()
    if answer.number is not None and _is_of_the_house(answer.number):
        problems.add("/invoicing/invoiceNumber", "reserved_number", "numbers that start like this are given by us")
    for stranger in strangers(invoice, answer):
        problems.add("/invoicing", "unknown_part", f"{stranger} is neither a line of the invoice nor a discount on one")
    for line_id, reason in tax_faults(invoice, answer.taxes):
        problems.add("/invoicing/lineTaxes", "tax_impossible", f"line {line_id}: {reason}")
    problems.raise_if_any("the invoice cannot be confirmed so")
