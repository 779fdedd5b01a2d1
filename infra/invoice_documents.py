"""Documents of invoices: the bucket that keeps them, and what has them drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.event_queue import Queued, dead_letters_of
from infra.write_once import WriteOnceBucket

if TYPE_CHECKING:
    from constructs import Construct

QUEUE = "meterhouse-invoice-documents"
DEAD_LETTERS = dead_letters_of(QUEUE)
FINAL = ("invoice.issued", "invoice.voided")
BUCKET = "INVOICE_DOCUMENTS_BUCKET"


class InvoiceDocuments(WriteOnceBucket):
    """What was drawn of an invoice stays as it was drawn."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "InvoiceDocuments", each="Each invoice has documents of its own")


def documents(timeout: int) -> Queued:
    """One invoice is a message; an hour of tries outlasts a store that is away, and callers draw what is not there."""
    return Queued(QUEUE, FINAL, timeout, batch=10, window=1, tries=12, most_workers=5)
