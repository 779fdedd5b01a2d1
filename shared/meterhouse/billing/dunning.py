"""What becomes of an invoice that is not paid: asked for again, overdue, given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from meterhouse.billing.app import InvoicingApp
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.profile import CollectionMethod
from meterhouse.billing.state import InvoiceState, Trigger


@dataclass(frozen=True, slots=True)
class Planned:
    """The step that an unpaid invoice takes by rule once `at` has passed, unless something else happens before."""

    trigger: Trigger
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Dunning:
    """The rule.

    Attributes:
        retry_after: how long after each failure the payment is asked for again; after the last it is given up.
        give_up_after: how long after it was due an overdue invoice is given up.
    """

    retry_after: tuple[timedelta, ...] = tuple(timedelta(days=days) for days in (1, 3, 5, 7))
    give_up_after: timedelta = timedelta(days=30)

    def planned(self, invoice: Invoice, app: InvoicingApp) -> Planned | None:
        """What the rule has for the invoice on its app, if it stays unpaid."""
        due_at = invoice.due_at
        if due_at is None:
            return None
        overdue = Planned(Trigger.PAYMENT_OVERDUE, due_at, "it was not paid when it was due")
        match invoice.state:
            case InvoiceState.PAYMENT_PENDING | InvoiceState.PAYMENT_ACTION_REQUIRED:
                return overdue
            case InvoiceState.PAYMENT_FAILED:
                return self._after_failure(invoice) if _is_retried(invoice, app) else overdue
            case InvoiceState.OVERDUE:
                reason = f"it was overdue for {self.give_up_after.days} days"
                return Planned(Trigger.PAYMENT_UNCOLLECTIBLE, due_at + self.give_up_after, reason)
            case _:
                return None

    def _after_failure(self, invoice: Invoice) -> Planned | None:
        failed_at, attempt = invoice.payment_failed_at, max(invoice.payment_attempt, 1)
        if failed_at is None:
            return None
        if attempt > len(self.retry_after):
            return Planned(Trigger.PAYMENT_UNCOLLECTIBLE, failed_at, f"attempt {attempt} was the last")
        return Planned(Trigger.RETRY, failed_at + self.retry_after[attempt - 1], f"attempt {attempt} failed")


def _is_retried(invoice: Invoice, app: InvoicingApp) -> bool:
    """Whether the house asks again: it charges nobody who pays by himself, and not beside an app that asks again."""
    return invoice.workflow.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and not app.retries_payments
