"""What has documents of invoices drawn, and how the worker takes it from the bus."""

from __future__ import annotations

from infra.queued import Queued, dead_letters_of

QUEUE = "meterhouse-invoice-documents"
DEAD_LETTERS = dead_letters_of(QUEUE)
FINAL = ("invoice.issued", "invoice.voided")


def documents(timeout: int) -> Queued:
    """One invoice is a message; an hour of tries outlasts a store that is away, and callers draw what is not there."""
    return Queued(QUEUE, FINAL, timeout, batch=10, window=1, tries=12, most_workers=5)
