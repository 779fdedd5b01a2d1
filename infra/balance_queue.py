"""What moves balances, and how the balance worker takes it from the bus."""

from __future__ import annotations

from infra.queued import Queued, dead_letters_of

QUEUE = "meterhouse-balances"
DEAD_LETTERS = dead_letters_of(QUEUE)
THRESHOLDS = "BALANCE_THRESHOLDS"
"""The variable that tells the worker which percentages of usage are told of; its own choice without it."""
# By name, not `entitlement.*`: what the worker itself tells of would come back to it for ever.
MOVING = (
    "usage.ingested",
    "customer.updated",
    *(f"entitlement.{what}" for what in ("created", "deleted", "rescheduled", "reset", "came_due")),
    *(f"grant.{what}" for what in ("created", "voided", "expired", "issued")),
    *(f"reservation.{what}" for what in ("created", "settled", "released")),
)


def balances(timeout: int, most_workers: int) -> Queued:
    """Few workers take many messages each and evaluate an entitlement once for all; many would wait for each other.

    Usage comes in many notices of one customer: those of a few seconds are one evaluation. A store that is away must
    not turn good messages into dead letters: at one try in twelve minutes 120 tries are a day.
    """
    return Queued(QUEUE, MOVING, timeout, batch=500, window=5, tries=120, most_workers=most_workers)
