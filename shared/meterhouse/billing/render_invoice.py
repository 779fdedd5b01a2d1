"""Invoices as documents: drafts drawn whenever they are asked for, issued ones once, and kept for ever."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote

from meterhouse.billing.explain_line import check_rated
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.printed_invoice import PrintedInvoice, printed
from meterhouse.billing.service import found_invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform.work import Begin

_LONGEST_NAME = 900
"""Keys of S3 have 1,024 bytes, of which namespace, id and ending take what is left."""


class Format(StrEnum):
    HTML = "html"
    PDF = "pdf"

    @property
    def content_type(self) -> str:
        return "application/pdf" if self is Format.PDF else "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Document:
    """A drawn invoice; `is_final`: it never changes again."""

    content: bytes
    format: Format
    number: str
    is_final: bool


class Archive(Protocol):
    def get(self, key: str) -> bytes | None: ...

    def put_new(self, key: str, body: bytes, content_type: str) -> bool:
        """Whether nothing was there; what is there stays."""


Draw = Callable[[PrintedInvoice], bytes]


class RenderInvoice:
    def __init__(self, begin: Begin[BillingStore], archive: Archive, draw: Mapping[Format, Draw]) -> None:
        self._begin = begin
        self._archive = archive
        self._draw = draw

    def document(self, namespace: str, invoice_id: str, form: Format, *, of_customer: str | None = None) -> Document:
        """A standard invoice as it is now; one that is issued, or voided, as it was then.

        Raises:
            NotFound: there is none of this id, or it is not `of_customer`.
            Conflict: `invoice_gathering`: pending lines are none yet; `line_not_rated`: a line has no amounts yet.
            Unavailable: the archive does not answer.
        """
        invoice = self._found(namespace, invoice_id)
        if of_customer not in {None, invoice.customer_id}:
            raise NotFound("invoice", invoice_id)
        if invoice.state is InvoiceState.GATHERING:
            raise Conflict("pending lines are no invoice yet", "invoice_gathering")
        check_rated(invoice.lines)
        is_final = invoice.issued_at is not None
        content = self._kept(namespace, invoice, form) if is_final else self._drawn(invoice, form)
        return Document(content, form, invoice.number, is_final)

    def keep(self, namespace: str, event: Mapping[str, Any]) -> None:
        """On `invoice.issued` and `invoice.voided`: write the documents that are not written yet.

        Raises:
            NotFound: there is no such invoice.
            Unavailable: the archive does not answer.
        """
        invoice = self._found(namespace, event["invoiceId"])
        for version in _versions(invoice):
            for form in Format:
                self._kept(namespace, version, form)

    def _found(self, namespace: str, invoice_id: str) -> Invoice:
        with self._begin(namespace) as work:
            return found_invoice(work, invoice_id)

    def _kept(self, namespace: str, invoice: Invoice, form: Format) -> bytes:
        key = key_of(namespace, invoice, form)
        kept = self._archive.get(key)
        if kept is None:
            drawn = self._drawn(invoice, form)
            # another release may have drawn it meanwhile: what was written first is what everybody gets
            kept = drawn if self._archive.put_new(key, drawn, form.content_type) else self._archive.get(key)
        return kept or b""

    def _drawn(self, invoice: Invoice, form: Format) -> bytes:
        return self._draw[form](printed(invoice))


def key_of(namespace: str, invoice: Invoice, form: Format) -> str:
    """Where the document of an issued invoice is; a voided one has another beside it."""
    void = "-void" if invoice.state is InvoiceState.VOIDED else ""
    return f"{namespace}/{invoice.id}/{_name_of(invoice.number)}{void}.{form}"


def _name_of(number: str) -> str:
    """The number as far as a key has room for it: of 256 characters of some scripts each takes twelve."""
    name = quote(number, safe="")
    return name if len(name) <= _LONGEST_NAME else sha256(number.encode()).hexdigest()


def _versions(invoice: Invoice) -> Iterator[Invoice]:
    """As it was issued, and as it was voided, if it was: the events may come late, and in any order."""
    if invoice.issued_at is not None:
        yield replace(invoice, state=InvoiceState.ISSUED, voided_at=None)
    if invoice.state is InvoiceState.VOIDED:
        yield invoice
