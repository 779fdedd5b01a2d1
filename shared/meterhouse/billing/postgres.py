"""Invoices and lines in PostgreSQL. What comes in batches is written by COPY."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_keys import whole_of
from meterhouse.billing.paging import paged
from meterhouse.billing.ports import InvoiceFilter, InvoiceOrder, PageOf
from meterhouse.billing.postgres_billed_apart import PostgresBilledApart
from meterhouse.billing.postgres_billed_usage import PostgresBilledUsage
from meterhouse.billing.postgres_credit_notes import PostgresCreditNotes, unused_of
from meterhouse.billing.postgres_findings import PostgresFindings
from meterhouse.billing.postgres_overrides import PostgresOverrides
from meterhouse.billing.postgres_payment_reports import PostgresPaymentReports
from meterhouse.billing.postgres_profiles import PostgresProfiles
from meterhouse.billing.postgres_voidings import PostgresVoidings
from meterhouse.billing.reconcile import unbilled
from meterhouse.billing.rests import Known
from meterhouse.billing.rows import (
    Texts,
    Values,
    invoice_of,
    invoice_values,
    line_of,
    line_values,
    prepaid_of,
    step_values,
)
from meterhouse.billing.state import states_of
from meterhouse.billing.unused import parted, pieces, served
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.postgres_tax_codes import PostgresTaxCodes
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.errors import Conflict, InvariantBroken, Problem
from meterhouse.kernel.period import Period
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.metering.postgres import PostgresLateUsage
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.platform.sql import queries
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from meterhouse.subscriptions.target import TargetLine

_INVOICES = queries("meterhouse.billing", "invoices.sql")
_LINES = queries("meterhouse.billing", "lines.sql")
_FIT = 1000
"""Lines of usual size that fit into the memory which a statement has, 4 MB."""
_INVOICE_ORDER = {
    InvoiceOrder.CUSTOMER_NAME: _INVOICES["name_of_customer"],
    InvoiceOrder.ISSUED_AT: "issued_at",
    InvoiceOrder.STATUS: "state",
    InvoiceOrder.CREATED_AT: "created_at",
    InvoiceOrder.UPDATED_AT: _INVOICES["changed_at"],
    InvoiceOrder.PERIOD_START: _INVOICES["starts"],
}


class PostgresLines:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def pending(self, customer_ids: Collection[str]) -> list[Line]:
        return self._all("pending_lines", customer_ids=list(customer_ids))

    def due(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        return self._all("due_lines", customer_ids=list(customer_ids), as_of=as_of, is_invoiced=True)

    def due_to_credit(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        return self._all("due_lines", customer_ids=list(customer_ids), as_of=as_of, is_invoiced=False)

    def settled_by_credit(self, gathering_id: str, keys: Collection[str]) -> list[Line]:
        return self._all("lines_settled_by_credit", invoice_id=gathering_id, keys=list(keys))

    def by_ids(self, line_ids: Collection[str]) -> list[Line]:
        return self._all("lines_by_ids", ids=list(line_ids)) if line_ids else []

    def live(self, keys: Collection[str]) -> list[Line]:
        return self._all("lines_by_keys", keys=list(keys)) if keys else []

    def of_grants(self, grant_ids: Collection[str]) -> list[Line]:
        return self._all("lines_of_grants", grant_ids=list(grant_ids))

    def unpaid_for_good(self, grant_ids: Collection[str]) -> set[str]:
        rows = self._transaction.fetch_all(_LINES["grants_unpaid_for_good"], {"grant_ids": list(grant_ids)})
        return {row["grant_id"] for row in rows}

    def taken_off(self, invoice_id: str) -> list[Line]:
        return self._all("lines_taken_off", invoice_id=invoice_id)

    def of_invoices(self, invoice_ids: Collection[str]) -> dict[str, tuple[Line, ...]]:
        found = self._all("lines_of_invoices", invoice_ids=list(invoice_ids))
        return {invoice_id: tuple(lines) for invoice_id, lines in groupby(found, key=lambda line: line.invoice_id)}

    def related(self, lines: Collection[Line]) -> list[Line]:
        wholes = {line.key: whole_of(line.key) for line in lines if line.is_metered}
        if not wholes:
            return []
        firsts = sorted({whole for key, whole in wholes.items() if key != whole})
        return self._all("related_lines", firsts=firsts, wholes=sorted(set(wholes.values())))

    def family(self, line: Line) -> list[Line]:
        return self._all("family_lines", whole=whole_of(line.key))

    def known_of(self, subscription_ids: Collection[str]) -> Known:
        wanted = {"subscription_ids": sorted(set(subscription_ids))}
        known = self._transaction.fetch_all(_LINES["keys_of_subscriptions"], wanted)
        if not known:
            return Known()
        keys = {row["key"] for row in known if row["is_live"]}
        closed = {row["key"]: row["revision"] for row in known if not row["is_live"]}
        parts = self._transaction.fetch_all(_LINES["parts_of_subscriptions"], wanted)
        found = {row["key"]: Period(row["service_start"], row["service_end"]) for row in parts if row["is_part"]}
        rests = {row["key"] for row in parts if row["is_rest"]}
        prepaid, given_up, priced = [], [], {}
        for row in self._transaction.fetch_all(_LINES["prepaid_of_subscriptions"], wanted):
            if not row["is_prorated"]:
                priced[row["key"]] = row["invoice_id"]
                continue
            whole = prepaid_of(row)
            if row["is_given_up"]:
                whole, gone = parted(whole, row["charged"], row["borne"])
                given_up.append(gone)
                if not whole.amount:
                    continue
            standing = list(pieces(whole, unused_of(row["unused"] or ())))
            prepaid += standing
            part = served(whole, standing)
            found |= {} if part is None else {whole.key: part}
        return Known(keys, found, prepaid, given_up, rests, closed, priced)

    def standing_of(self, subscription_ids: Collection[str], since: datetime, *, is_issued: bool) -> list[Line]:
        wanted = {"subscription_ids": list(subscription_ids), "since": since, "is_issued": is_issued}
        return self._all("standing_of_subscriptions", **wanted)

    def given_back(self, line_ids: Collection[str]) -> dict[str, Decimal]:
        found = self._transaction.fetch_all(_LINES["given_back"], {"line_ids": list(line_ids)})
        return {row["line_id"]: row["net"] for row in found}

    def add(self, lines: Collection[Line]) -> int:
        if not lines:
            return 0
        import psycopg  # noqa: PLC0415 - loaded already by the connection

        columns = self._stage(lines)
        if len(lines) > _FIT:
            self._transaction.execute(_LINES["in_memory"])
        try:
            with self._transaction.savepoint():
                return self._write("insert_lines", columns)
        except psycopg.errors.UniqueViolation:
            # hardly ever is one there: looking first, in three indexes, takes a seventh of writing
            added = self._write("insert_missing_lines", columns)
        if self._transaction.fetch_one(_LINES["of_the_same_id"]) is not None:
            raise InvariantBroken("two lines have the same id")
        return added

    def update(self, lines: Collection[Line]) -> None:
        if lines and self._write("update_lines", self._stage(lines)) != len(lines):
            raise InvariantBroken("a line to update does not exist")

    def remove(self, line_ids: Collection[str]) -> None:
        if line_ids:
            self._transaction.execute(_LINES["remove_lines"], {"ids": list(line_ids)})

    def _stage(self, lines: Collection[Line]) -> str:
        texts = Texts()
        # made while the server is at work
        return self._transaction.stage("lines", "invoice_lines", (line_values(line, texts) for line in lines))

    def _write(self, query: str, columns: str) -> int:
        return self._transaction.execute(_LINES[query].replace("{columns}", columns))

    def _all(self, query: str, **parameters: object) -> list[Line]:
        parts = SharedParts()
        return [line_of(row, parts) for row in self._transaction.fetch_all(_LINES[query], parameters)]


class PostgresInvoices:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._lines = PostgresLines(transaction)

    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        self._transaction.lock_each("customer", customer_ids)

    def find(self, invoice_id: str) -> Invoice | None:
        row = self._transaction.fetch_one(_INVOICES["find_invoice"], {"id": invoice_id})
        return None if row is None else self.with_lines([row])[0]

    def under_way(self, customer_ids: Collection[str]) -> list[Invoice]:
        wanted = {"customer_ids": list(customer_ids)}
        return self.with_lines(self._transaction.fetch_all(_INVOICES["invoices_under_way"], wanted))

    def page(self, wanted: InvoiceFilter, page: PageOf, order: InvoiceOrder) -> tuple[list[Invoice], int]:
        arguments = {name: _listed(value) for name, value in asdict(wanted).items()}
        arguments["of_statuses"] = None if wanted.statuses is None else states_of(wanted.statuses)
        source = f"invoices WHERE {_INVOICES['matching'].format(starts=_INVOICES['starts'])}"
        rows, total = paged(self._transaction, source, arguments, page, _INVOICE_ORDER[order])
        return self.with_lines(rows), total

    def add_gathering(self, invoices: Collection[Invoice]) -> None:
        self._write("insert_gathering", invoices, InvariantBroken("a customer was to have two gathering invoices"))

    def save(self, driven: Collection[Driven]) -> None:
        taken = Conflict("another invoice of the app has this number", "invoice_number_taken")
        self._write("save_invoices", [one.invoice for one in driven], taken)
        steps = [step_values(one.invoice.id, step) for one in driven for step in one.transitions]
        twice = InvariantBroken("a step of an invoice was to be taken twice")
        _start(self._transaction, "transitions", "invoice_transitions", steps, _INVOICES["add_transitions"], twice)

    def take_numbers(self, scope: str, count: int) -> range:
        row = self._transaction.fetch_one(_INVOICES["take_numbers"], {"scope": scope, "count": count})
        last: int = row["last_number"] if row else 0
        return range(last - count + 1, last + 1)

    def _write(self, query: str, invoices: Collection[Invoice], twice: Exception) -> None:
        texts = Texts()
        rows = [invoice_values(invoice, texts) for invoice in invoices]
        _start(self._transaction, "invoices", "invoices", rows, _INVOICES[query], twice)

    def with_lines(self, rows: Sequence[Row]) -> list[Invoice]:
        lines = self._lines.of_invoices([row["id"] for row in rows]) if rows else {}
        parts = SharedParts()
        return [invoice_of(row, lines.get(row["id"], ()), parts) for row in rows]


class PostgresBilling:
    """`meterhouse.billing.ports.BillingStore`: everything an invoice run touches, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.invoices = PostgresInvoices(transaction)
        self.lines = PostgresLines(transaction)
        self.profiles = PostgresProfiles(transaction)
        self.overrides = PostgresOverrides(transaction)
        self.customers = PostgresCustomers(transaction)
        self.subscriptions = PostgresSubscriptions(transaction)
        self.features = PostgresFeatures(transaction)
        self.tax_codes = PostgresTaxCodes(transaction)
        self.currencies = PostgresCurrencies(transaction)
        self.payment_reports = PostgresPaymentReports(transaction)
        self.voidings = PostgresVoidings(transaction)
        self.credit_notes = PostgresCreditNotes(transaction)
        self.billed_usage = PostgresBilledUsage(transaction)
        self.late_usage = PostgresLateUsage(transaction)
        self.findings = PostgresFindings(transaction)
        self.billed_apart = PostgresBilledApart(transaction)
        self.credit = PostgresLedgerStore(transaction)


class PostgresBillingGuard:
    """`meterhouse.customers.ports.CustomerGuard`: nobody vanishes who still owes, no usage before it is billed.

    What ended since the last invoice run counts although no line was made of it yet.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def against_other_subjects(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        pending = PostgresLines(self._transaction).pending([customer_id])
        asked = self._unbilled(customer_id, at)
        if not any(line.is_metered for line in pending) and not any(one.rate_card.is_metered for one in asked):
            return ()
        message = "usage of these subjects is still to be billed"
        return (Problem("/usageAttribution/subjectKeys", "customer_has_unbilled_usage", message),)

    def against_other_currency(self, _customer_id: str, _at: datetime) -> Sequence[Problem]:
        """An invoice has a currency of its own: nothing speaks against another one for the next."""
        return ()

    def against_deletion(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        named = {"customer_id": customer_id}
        found = []
        if self._transaction.fetch_one(_INVOICES["has_open_invoices"], named) or self._unbilled(customer_id, at):
            message = "the customer has lines to be invoiced or invoices that are not settled"
            found.append(Problem("", "open_invoices", message))
        if PostgresCreditNotes(self._transaction).has_pending(customer_id):
            message = "what credit notes give back to the customer is still on its way"
            found.append(Problem("", "pending_credit_notes", message))
        return tuple(found)

    def _unbilled(self, customer_id: str, at: datetime) -> list[TargetLine]:
        subscriptions = PostgresSubscriptions(self._transaction).of_customer(customer_id)
        known = PostgresLines(self._transaction).known_of([subscription.id for subscription in subscriptions])
        return unbilled(subscriptions, known, at)


def _start(
    transaction: Transaction, name: str, table: str, rows: Sequence[Values], query: str, twice: Exception
) -> None:
    if rows:
        columns = transaction.stage(name, table, rows)
        transaction.start(query.replace("{columns}", columns), twice)


def _listed(value: object) -> object:
    return list(value) if isinstance(value, list | tuple) else value
