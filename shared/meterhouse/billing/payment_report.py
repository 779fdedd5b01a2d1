"""What is said from outside of an invoice's payment, and what of it still counts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from meterhouse.billing.state import InvoiceState, Trigger

LAST_WORDS = frozenset({Trigger.PAID, Trigger.VOID, Trigger.PAYMENT_UNCOLLECTIBLE})
"""What nothing that happened before takes back; the state table says whether it may still follow."""


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """What became of a payment, as its app says.

    Attributes:
        key: the app's key of the event, or one that the caller made; a second report of it is the first one again.
        outcome: one of the payment triggers.
        occurred_at: when it happened, by the app's clock.
        attempt: of which attempt to collect it tells, as an invoice counts them; None: the app does not say.
    """

    key: str
    outcome: Trigger
    occurred_at: datetime
    reason: str | None = None
    attempt: int | None = None


class Recorded(StrEnum):
    """APPLIED: the invoice went on. REPEATED: it was known. STALE: something later, or final, was known already."""

    APPLIED = "applied"
    REPEATED = "repeated"
    STALE = "stale"


def is_outrun(report: PaymentReport, last: datetime | None, attempt: int) -> bool:
    """Whether it tells of less than what is known since.

    `last`: when the last thing happened that counted; `attempt`: which attempt is under way.
    """
    is_of_before = report.attempt is not None and report.attempt < attempt
    is_late = last is not None and report.occurred_at < last
    return report.outcome not in LAST_WORDS and (is_of_before or is_late)


def is_before_payment(state: InvoiceState) -> bool:
    """Whether nobody was asked to pay yet, and somebody may still be: what is deleted shows as a draft."""
    return state is not InvoiceState.DELETED and state.status in {"gathering", "draft", "issuing"}
