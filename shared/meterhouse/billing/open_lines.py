"""What billing will charge to a customer's credit and has not yet: pending lines, and drafts that wait for usage."""

from collections.abc import Iterator
from datetime import datetime

from meterhouse.billing.collection import Missing, quantity_of
from meterhouse.billing.families import Families
from meterhouse.billing.invoice import Line
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.preview import Pending, Usages
from meterhouse.billing.profile import Workflow
from meterhouse.billing.quantities import of_customers, of_invoices, quantities_of
from meterhouse.ledger.balance import OpenCharge
from meterhouse.ledger.charge import Mode
from meterhouse.platform.work import Begin, Work


class OpenLines:
    """`meterhouse.ledger.ports.OpenCharges` on the lines that a run would make now, and the usage so far."""

    def __init__(self, begin: Begin[BillingStore], usage: UsageReader) -> None:
        self._begin = begin
        self._usage = usage

    def __call__(self, namespace: str, customer_id: str, at: datetime, /) -> list[OpenCharge]:
        """The charges, each at what it comes to by `at`.

        Raises:
            Unavailable: the usage store does not answer.
        """
        with self._begin(namespace) as work:
            lines = _unrated(work, customer_id, at)
            if not lines:
                return []
            workflow = profiles_of(work, namespace, [customer_id], at)[customer_id].spec.workflow
            families = Families(work.store.lines.related(lines))
            quantities = quantities_of(namespace, families.readings(lines), work.store.features, self._usage)
        return list(_charges(lines, Usages(quantities, families.rating(quantities)), workflow, at))


def _unrated(work: Work[BillingStore], customer_id: str, at: datetime) -> list[Line]:
    agreed = work.store.subscriptions.of_customer(customer_id)
    known = work.store.lines.known_of([subscription.id for subscription in agreed])
    pending = Pending(work.store.lines.pending([customer_id]), known).following(agreed, at, at)
    drafts = work.store.invoices.under_way([customer_id])
    waiting = of_invoices(draft for draft in drafts if draft.quantity_snapshotted_at is None)
    to_come = of_customers(pending.lines, work.store.customers.by_ids([customer_id]))
    found = (line for line in (*to_come, *waiting) if line.grant_id is None and _impacts_at(line) <= at)
    # parts of one period each come to what they come to after those before
    return sorted(found, key=lambda line: line.service_period.end)


def _charges(lines: list[Line], usages: Usages, workflow: Workflow, at: datetime) -> Iterator[OpenCharge]:
    for line in lines:
        quantity = quantity_of(line, usages.quantities)
        if isinstance(quantity, Missing):
            continue
        amount = usages.rate_line(line, quantity, workflow, at).totals.charged
        if amount > 0:
            mode = Mode(line.settlement_mode.value)
            yield OpenCharge(line.currency, amount, mode, _impacts_at(line), line.rate_card.feature_key)


def _impacts_at(line: Line) -> datetime:
    """Usage counts from the first on; a fee once it is due, and where it is due in arrears once it is served."""
    return min(line.invoice_at, line.service_period.start)
