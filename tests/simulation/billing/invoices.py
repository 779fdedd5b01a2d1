"""Invoices and lines in memory, as their SQL finds and writes them."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.credit_note import CreditNote, NoteState, Unused
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Line, ManagedBy
from meterhouse.billing.line_keys import is_rest, overage_key, whole_of
from meterhouse.billing.overages import leaves_money
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.prepaid import REACHES_TOO_FAR, Prepaid
from meterhouse.billing.profile import EndProration
from meterhouse.billing.rests import Known
from meterhouse.billing.state import NOT_UNDER_WAY, InvoiceState
from meterhouse.billing.unused import parted, pieces, served
from meterhouse.billing.void import Wish
from meterhouse.catalog.price import FlatPrice
from meterhouse.kernel.errors import Conflict, InvariantBroken
from meterhouse.kernel.period import Period
from tests.simulation.billing.tables import Transaction

_S = InvoiceState


class MemoryLines:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def pending(self, customer_ids: Collection[str]) -> list[Line]:
        found = [line for line in self._lines("pending lines") if line.is_pending and line.customer_id in customer_ids]
        return sorted(found, key=lambda line: (line.customer_id, line.invoice_at, line.id))

    def due(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        return self._due("due lines", customer_ids, as_of, is_invoiced=True)

    def due_to_credit(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        return self._due("lines due to credit", customer_ids, as_of, is_invoiced=False)

    def of_grants(self, grant_ids: Collection[str]) -> list[Line]:
        return [line for line in self._lines("lines of grants") if line.is_live and line.grant_id in grant_ids]

    def settled_by_credit(self, gathering_id: str, keys: Collection[str]) -> list[Line]:
        return [
            line
            for line in self._lines("lines settled by credit")
            if line.invoice_id == gathering_id and line.key in keys and self._is_settled_by_credit(line)
        ]

    def by_ids(self, line_ids: Collection[str]) -> list[Line]:
        return [line for line in self._lines("lines by ids") if line.id in line_ids]

    def unpaid_for_good(self, grant_ids: Collection[str]) -> set[str]:
        ended = {_S.UNCOLLECTIBLE, _S.VOIDED}
        found = [line for line in self._lines("grants unpaid") if line.is_live and line.grant_id in grant_ids]
        return {line.grant_id for line in found if line.grant_id and self._invoice(line).state in ended}

    def of_invoice(self, invoice_id: str) -> tuple[Line, ...]:
        found = [
            line
            for line in self._transaction.rows("lines")
            if line.invoice_id == invoice_id and line.deleted_at is None and line.is_invoiced
        ]
        return tuple(sorted(found, key=lambda line: (line.service_period.start, line.key, line.revision)))

    def related(self, lines: Collection[Line]) -> list[Line]:
        wholes = {line.key: whole_of(line.key) for line in lines if line.is_metered}
        if not wholes:
            return []
        firsts = {whole for key, whole in wholes.items() if key != whole}
        found = [
            line
            for line in self._lines("related lines")
            if line.is_live
            and not line.is_pending
            and (line.key in firsts or (line.key != whole_of(line.key) and whole_of(line.key) in wholes.values()))
            and self._counts(line)
        ]
        return sorted(found, key=lambda line: (line.service_period.end, line.key))

    def known_of(self, subscription_ids: Collection[str]) -> Known:
        own = [
            line
            for line in self._lines("lines of subscriptions")
            if line.subscription is not None and line.subscription.subscription_id in subscription_ids
        ]
        invoiced = [line for line in own if line.is_live and not line.is_pending]
        parts = {
            line.key: Period(line.service_period.start, line.stands_until) for line in invoiced if self._is_part(line)
        }
        standing, given_up = list[Prepaid](), list[Prepaid]()
        for line in sorted(invoiced, key=lambda line: line.key):
            whole = self._prepaid(line)
            if whole is not None and self._is_given_up(line):
                whole, gone = parted(whole, line.totals.charged, line.totals.credits_total)
                given_up.append(gone)
            if whole is not None and whole.amount:
                left = list(pieces(whole, self._unused(line)))
                part = served(whole, left)
                parts |= {} if part is None else {line.key: part}
                standing += left
        rests = {line.key for line in invoiced if is_rest(line.key)}
        keys, closed = {line.key for line in own if line.is_live}, dict[str, int]()
        for line in own:
            if line.key not in keys:
                closed[line.key] = max(line.revision, closed.get(line.key, 0))
        priced = {line.key: line.invoice_id for line in invoiced if self._is_priced_by_hand(line)}
        return Known(keys, parts, standing, given_up, rests, closed, priced)

    def add(self, lines: Collection[Line]) -> int:
        self._transaction.statement("add lines")
        added = 0
        for line in lines:
            if self._transaction.get("live lines", line.key) is None and self._transaction.insert(
                "lines", line.id, line
            ):
                self._index(line)
                added += 1
        return added

    def update(self, lines: Collection[Line]) -> None:
        if not lines:
            return
        self._transaction.statement("update lines")
        for line in lines:
            if self._transaction.get("lines", line.id) is None:
                raise InvariantBroken("a line to update does not exist")
            self._transaction.put("lines", line.id, line)
            self._index(line)

    def remove(self, line_ids: Collection[str]) -> None:
        self._transaction.statement("remove lines")
        for line_id in line_ids:
            line = self._transaction.get("lines", line_id)
            if line is not None and line.is_pending:
                self._transaction.put("lines", line_id, None)
                self._transaction.put("live lines", line.key, None)

    def _index(self, line: Line) -> None:
        """The unique index on the keys of live lines."""
        held = self._transaction.get("live lines", line.key)
        if line.is_live and held not in {None, line.id}:
            raise InvariantBroken(f"two live lines of {line.key}")
        if line.is_live or held == line.id:
            self._transaction.put("live lines", line.key, line.id if line.is_live else None)

    def _due(self, name: str, customer_ids: Collection[str], as_of: datetime, *, is_invoiced: bool) -> list[Line]:
        found = [
            line
            for line in self._lines(name)
            if line.is_pending
            and line.customer_id in customer_ids
            and line.invoice_at <= as_of
            and line.is_invoiced is is_invoiced
        ]
        return sorted(found, key=lambda line: (line.customer_id, line.currency, line.invoice_at, line.id))

    def _lines(self, name: str) -> Iterable[Line]:
        self._transaction.statement(name)
        return self._transaction.rows("lines")

    def _invoice(self, line: Line) -> Invoice:
        found: Invoice = self._transaction.get("invoices", line.invoice_id)
        return found

    def _counts(self, line: Line) -> bool:
        invoice = self._invoice(line)
        is_refused = invoice.issued_at is None and any(issue.code == "negative_total" for issue in invoice.issues)
        return (line.quantity is not None or not self._stands(line)) and not (line.totals.charged < 0 and is_refused)

    def _is_part(self, line: Line) -> bool:
        if line.whole_period is not None or line.agreed_end is not None:
            return True
        is_cut = line.is_prorated and isinstance(line.rate_card.price, FlatPrice)
        bills_full = self._invoice(line).workflow.end_proration is EndProration.BILL_FULL_PERIOD
        return is_cut and line.service_period != line.full_service_period and not (line.is_terminal and bills_full)

    def _is_settled_by_credit(self, line: Line) -> bool:
        return line.is_live and not line.is_pending and not line.is_invoiced

    def _prepaid(self, line: Line) -> Prepaid | None:
        card, invoice = line.rate_card, self._invoice(line)
        if not line.is_prorated or not self._is_standing_fee(line) or not isinstance(card.price, FlatPrice):
            return None
        bills_full = invoice.workflow.end_proration is EndProration.BILL_FULL_PERIOD
        paid_until = (line.full_service_period if line.is_terminal and bills_full else line.service_period).end
        return Prepaid(
            line.key,
            invoice.id,
            line.currency,
            card.price.amount,
            card.discounts.percentage,
            Period(line.service_period.start, paid_until),
            line.full_service_period,
            bills_full=bills_full,
            is_flagged=any(issue.code == REACHES_TOO_FAR for issue in invoice.issues),
            is_by_hand=line.managed_by is ManagedBy.MANUAL,
        )

    def _is_priced_by_hand(self, line: Line) -> bool:
        return line.managed_by is ManagedBy.MANUAL and not line.is_prorated and self._is_standing_fee(line)

    def _is_standing_fee(self, line: Line) -> bool:
        """Whether it is a recurring flat fee in advance that stands."""
        card = line.rate_card
        is_recurring = card.is_in_advance and card.billing_cadence is not None
        return is_recurring and isinstance(card.price, FlatPrice) and self._stands(line)

    def _is_given_up(self, line: Line) -> bool:
        """Whether what credit left of its units is never charged for."""
        if not leaves_money(line) or line.totals.charged <= line.totals.credits_total:
            return False
        overage = self._transaction.get("lines", self._transaction.get("live lines", overage_key(line.key)))
        return overage is None or not self._stands(overage)

    def _stands(self, line: Line) -> bool:
        invoice = self._invoice(line)
        return line.deleted_at is None and invoice.deleted_at is None and invoice.voided_at is None

    def _unused(self, line: Line) -> list[Unused]:
        notes = [note for note in self._transaction.rows("notes") if note.state is NoteState.ISSUED]
        return [one for note in notes for own in note.lines if own.line_id == line.id for one in own.unused]


class MemoryInvoices:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._lines = MemoryLines(transaction)

    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        for customer_id in sorted(set(customer_ids)):
            self._transaction.statement(f"lock {customer_id}")
            self._transaction.lock("advisory", "customer", customer_id)

    def find(self, invoice_id: str) -> Invoice | None:
        self._transaction.statement("find invoice")
        found = self._transaction.get("invoices", invoice_id)
        return None if found is None else replace(found, lines=self._lines.of_invoice(invoice_id))

    def under_way(self, customer_ids: Collection[str]) -> list[Invoice]:
        self._transaction.statement("invoices under way")
        found = [
            one
            for one in self._transaction.rows("invoices")
            if one.customer_id in customer_ids and one.state not in NOT_UNDER_WAY
        ]
        found.sort(key=lambda one: (one.customer_id, one.id))
        return [replace(one, lines=self._lines.of_invoice(one.id)) for one in found]

    def add_gathering(self, invoices: Collection[Invoice]) -> None:
        self._transaction.statement("add gathering invoices")
        for invoice in invoices:
            if not self._transaction.insert("invoices", invoice.id, replace(invoice, lines=())):
                known = self._transaction.get("invoices", invoice.id)
                self._transaction.put("invoices", invoice.id, replace(known, workflow=invoice.workflow))

    def save(self, driven: Collection[Driven]) -> None:
        if not driven:
            return
        self._transaction.statement("save invoices")
        for one in driven:
            invoice = replace(one.invoice, lines=())
            held = self._transaction.get("numbers of apps", (invoice.app_id, invoice.number))
            if held not in {None, invoice.id}:
                self._transaction.refused = Conflict(
                    "another invoice of the app has this number", "invoice_number_taken"
                )
                return
            self._transaction.put("numbers of apps", (invoice.app_id, invoice.number), invoice.id)
            self._transaction.put("invoices", invoice.id, invoice)
            for step in one.transitions:
                if not self._transaction.insert("transitions", (invoice.id, step.number), step):
                    self._transaction.refused = InvariantBroken(f"step {step.number} of {invoice.id} is there already")

    def take_numbers(self, scope: str, count: int) -> range:
        self._transaction.statement(f"take {count} numbers")
        self._transaction.lock("taken numbers", scope)
        last = (self._transaction.get("taken numbers", scope) or 0) + count
        self._transaction.put("taken numbers", scope, last)
        return range(last - count + 1, last + 1)


class MemoryNotes:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_invoices(self, invoice_ids: Collection[str]) -> list[CreditNote]:
        self._transaction.statement("notes of invoices")
        found = [note for note in self._transaction.rows("notes") if note.invoice_id in invoice_ids]
        return sorted(found, key=lambda note: note.number)

    def to_tell(self, customer_ids: Collection[str], at: datetime) -> list[CreditNote]:
        self._transaction.statement("notes to tell")
        return [
            note
            for note in self._transaction.rows("notes")
            if note.customer_id in customer_ids and note.tell_at is not None and note.tell_at <= at
        ]

    def deleted_to_tell(self, _after: str, _limit: int) -> list[str]:
        self._transaction.statement("deleted customers to tell of")
        return []

    def add(self, note: CreditNote) -> None:
        self._transaction.statement("add note")
        if not self._transaction.insert("notes", note.key, note):
            raise InvariantBroken(f"a second note of {note.key}")


class MemoryReports:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def has(self, invoice_id: str, key: str) -> bool:
        self._transaction.statement("has report")
        return self._transaction.get("reports", (invoice_id, key)) is not None

    def last(self, invoice_id: str) -> datetime | None:
        self._transaction.statement("last report")
        mine = [row for (owner, _), row in self._both() if owner == invoice_id]
        return max((report.occurred_at for report, is_applied in mine if is_applied), default=None)

    def add(self, invoice_id: str, report: PaymentReport, _recorded_at: datetime, *, is_applied: bool) -> None:
        self._transaction.statement("add report")
        if not self._transaction.insert("reports", (invoice_id, report.key), (report, is_applied)):
            raise InvariantBroken(f"report {report.key} is there already")

    def _both(self) -> Iterable[tuple[tuple[str, str], tuple[PaymentReport, bool]]]:
        tables = self._transaction.tables.committed["reports"] | self._transaction.written.get("reports", {})
        return tables.items()


class MemoryVoidings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, invoice_ids: Collection[str]) -> dict[str, Wish]:
        self._transaction.statement("voidings")
        found = {one: self._transaction.get("voidings", one) for one in invoice_ids}
        return {one: wish for one, wish in found.items() if wish is not None}

    def keep(self, invoice_id: str, wish: Wish) -> None:
        self._transaction.statement("keep voiding")
        self._transaction.put("voidings", invoice_id, wish)

    def forget(self, invoice_id: str) -> None:
        self._transaction.statement("forget voiding")
        self._transaction.put("voidings", invoice_id, None)
