"""Documents of invoices: the bucket that keeps them, and what has them drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.write_once import WriteOnceBucket

if TYPE_CHECKING:
    from constructs import Construct

BUCKET = "INVOICE_DOCUMENTS_BUCKET"


class InvoiceDocuments(WriteOnceBucket):
    """What was drawn of an invoice stays as it was drawn."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "InvoiceDocuments", each="Each invoice has documents of its own")
