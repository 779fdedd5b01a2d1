"""What happens to invoices, told by the rules that ask for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from meterhouse.billing.app import AppDirectory
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.service import shown
from meterhouse.kernel.errors import NotFound
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import parse_rfc3339
from meterhouse.notifications.notification import About, Notification
from meterhouse.notifications.payload import invoice_payload
from meterhouse.notifications.ports import ActiveRules, NotificationsStore
from meterhouse.notifications.rule import EventType
from meterhouse.notifications.tell import tell
from meterhouse.platform.work import Begin

PREFIX = "invoice."
"""What the names of the domain events of invoices begin with."""


class Invoices(Protocol):
    def find(self, invoice_id: str) -> Invoice | None: ...


class InvoiceStore(NotificationsStore, Protocol):
    @property
    def invoices(self) -> Invoices: ...


class TellOfInvoice:
    def __init__(
        self, begin: Begin[InvoiceStore], rules: ActiveRules, apps: AppDirectory, now: Callable[[], datetime]
    ) -> None:
        self._begin = begin
        self._rules = rules
        self._apps = apps
        self._now = now

    def __call__(self, namespace: str, detail: Mapping[str, Any]) -> None:
        """Tell of a domain event of an invoice: that it was made, or of whatever became of it since.

        Each domain event is told once by each rule; the message shows the invoice as it is now.

        Raises:
            NotFound: there is no such invoice.
            Unavailable: the database does not answer.
        """
        created = detail["type"] == f"{PREFIX}created"
        kind = EventType.INVOICE_CREATED if created else EventType.INVOICE_UPDATED
        rules = self._rules.of(namespace, (kind,))
        if not rules:
            return
        happened_at, now = parse_rfc3339(detail["occurredAt"]), self._now()
        with self._begin(namespace) as work:
            invoice = work.store.invoices.find(detail["data"]["invoiceId"])
            if invoice is None:
                raise NotFound("invoice", detail["data"]["invoiceId"])
            app = self._apps.installed(namespace, {invoice.app_id}).get(invoice.app_id)
            picture = shown(invoice, now, frozenset() if app is None else app.awaits)
            for rule in rules:
                told_id = derived_ulid(happened_at, "notification", kind.value, namespace, rule.id, detail["id"])
                payload = invoice_payload(told_id, kind, now, picture, app)
                about = About(customer_id=invoice.customer_id)
                tell(work, Notification(told_id, kind, rule.id, now, payload, about), rule)
            work.commit()
