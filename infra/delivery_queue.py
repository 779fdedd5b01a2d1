"""What wakes the sender of messages, and how it takes it from the bus."""

from __future__ import annotations

from infra.queued import Queued, dead_letters_of

QUEUE = "meterhouse-deliveries"
DEAD_LETTERS = dead_letters_of(QUEUE)
DUE = ("notification.due",)


def deliveries(timeout: int) -> Queued:
    """A message says only where to look, so a batch is one look, and a lost one is made up for by the next minute's."""
    return Queued(QUEUE, DUE, timeout, batch=50, window=1, tries=12, most_workers=10)
