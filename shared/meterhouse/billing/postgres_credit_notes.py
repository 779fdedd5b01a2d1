"""Credit notes in PostgreSQL."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from meterhouse.billing.credit_note import CreditNote, NoteLine, NotePart, NoteState, Refund, Unused
from meterhouse.billing.paging import paged
from meterhouse.billing.ports import NoteFilter, PageOf
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "credit_notes.sql")
_FIELDS = (
    "id",
    "number",
    "key",
    "invoice_id",
    "customer_id",
    "currency",
    "reason",
    "is_automatic",
    "was_paid",
    "grant_id",
    "issued_at",
    "updated_at",
    "external_id",
    "failure",
    "attempt",
    "tellings",
    "tell_at",
)


class PostgresCreditNotes:
    """`meterhouse.billing.ports.CreditNotes`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, note_id: str) -> CreditNote | None:
        row = self._transaction.fetch_one(_SQL["find_note"], {"id": note_id})
        return None if row is None else self._with_lines([row])[0]

    def of_invoices(self, invoice_ids: Collection[str]) -> list[CreditNote]:
        wanted = {"invoice_ids": list(invoice_ids)}
        return self._with_lines(self._transaction.fetch_all(_SQL["notes_of_invoices"], wanted))

    def to_tell(self, customer_ids: Collection[str], at: datetime) -> list[CreditNote]:
        wanted = {"customer_ids": list(customer_ids), "at": at}
        return self._with_lines(self._transaction.fetch_all(_SQL["notes_to_tell"], wanted))

    def deleted_to_tell(self, after: str, limit: int) -> list[str]:
        wanted = {"after": after, "limit": limit}
        return [row["customer_id"] for row in self._transaction.fetch_all(_SQL["deleted_to_tell"], wanted)]

    def has_pending(self, customer_id: str) -> bool:
        return self._transaction.fetch_one(_SQL["has_pending_note"], {"customer_id": customer_id}) is not None

    def page(self, wanted: NoteFilter, page: PageOf) -> tuple[list[CreditNote], int]:
        arguments = {
            "customers": None if wanted.customers is None else list(wanted.customers),
            "invoices": None if wanted.invoices is None else list(wanted.invoices),
        }
        source = f"credit_notes WHERE {_SQL['matching']}"
        rows, total = paged(self._transaction, source, arguments, page, "issued_at")
        return self._with_lines(rows), total

    def add(self, note: CreditNote) -> None:
        values = {name: getattr(note, name) for name in _FIELDS}
        said = {"refund": note.refund.value, "state": note.state.value, "total": note.total}
        self._transaction.execute(_SQL["add_note"], values | said)
        lines = json.dumps([_line_values(line) for line in note.lines])
        self._transaction.execute(_SQL["add_lines"], {"note_id": note.id, "lines": lines})

    def save(self, note: CreditNote) -> None:
        values = {name: getattr(note, name) for name in (*_FIELDS, "voided_at")} | {"state": note.state.value}
        self._transaction.execute(_SQL["save_note"], values)

    def _with_lines(self, rows: Sequence[Row]) -> list[CreditNote]:
        if not rows:
            return []
        found = self._transaction.fetch_all(_SQL["lines_of_notes"], {"note_ids": [row["id"] for row in rows]})
        lines = {note_id: tuple(map(_line_of, own)) for note_id, own in groupby(found, key=lambda row: row["note_id"])}
        return [_note_of(row, lines[row["id"]]) for row in rows]


def unused_of(documents: Sequence[dict[str, Any]]) -> list[Unused]:
    return [
        Unused(Period(parse_rfc3339(one["from"]), parse_rfc3339(one["to"])), Decimal(one["amount"]))
        for one in documents
    ]


def _line_values(line: NoteLine) -> dict[str, object]:
    return {
        "line_id": line.line_id,
        "parts": [[key, f"{amount:f}"] for key, amount in line.parts],
        "taxes_inclusive": f"{line.taxes_inclusive:f}",
        "total": f"{line.total:f}",
        "credits": f"{line.credits:f}",
        "unused": [
            {"from": format_rfc3339(period.start), "to": format_rfc3339(period.end), "amount": f"{amount:f}"}
            for period, amount in line.unused
        ],
    }


def _line_of(row: Row) -> NoteLine:
    parts = [NotePart(key, Decimal(amount)) for key, amount in row["parts"]]
    return NoteLine(row["line_id"], parts, row["taxes_inclusive"], unused_of(row["unused"]), row["credits"])


def _note_of(row: Row, lines: tuple[NoteLine, ...]) -> CreditNote:
    return CreditNote(
        **{name: row[name] for name in _FIELDS},
        refund=Refund(row["refund"]),
        state=NoteState(row["state"]),
        voided_at=row["voided_at"],
        lines=lines,
    )
