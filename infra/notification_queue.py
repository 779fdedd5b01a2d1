"""What notification rules are held against, and how it is taken from the bus."""

from __future__ import annotations

from infra.queued import Queued, dead_letters_of

QUEUE = "meterhouse-notifications"
DEAD_LETTERS = dead_letters_of(QUEUE)
_OF_INVOICES = (
    "created",
    "updated",
    "approval_needed",
    "failed",
    "issued",
    "payment_authorized",
    "payment_failed",
    "payment_action_required",
    "uncollectible",
    "overdue",
    "paid",
    "voided",
    "deleted",
)
HEARD = ("entitlement.balance_snapshot", *(f"invoice.{what}" for what in _OF_INVOICES))


def notifications(timeout: int) -> Queued:
    """Most namespaces have no rules: then a message is one read. A store that is away for half a day loses nothing."""
    return Queued(QUEUE, HEARD, timeout, batch=50, window=1, tries=120, most_workers=5)
