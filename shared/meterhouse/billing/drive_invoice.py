"""One invoice, driven alone: for apps that are far away, whose calls no other customer waits for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from meterhouse.billing.app import Apps, app_of
from meterhouse.billing.collect_invoices import collect
from meterhouse.billing.collection import is_collectable
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.lifecycle import has_moved, recorded, waits_until
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.saving import gone_on, save, taken_up
from meterhouse.billing.service import found_invoice
from meterhouse.billing.tell_note import TellNote
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.pass_by import is_passed_by
from meterhouse.platform.work import Begin

_LONGEST_WAIT = timedelta(days=60)
"""What waits longer is left to the invoice run of that time."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where an invoice came to. `waits_until`: when to drive it again; None: whoever moves it next takes care of it."""

    invoice: Invoice
    waits_until: datetime | None

    def document(self) -> dict[str, Any]:
        """The answer of a workflow task."""
        until = None if self.waits_until is None else format_rfc3339(self.waits_until)
        return {"state": self.invoice.state.value, "waitsUntil": until}


class DriveInvoice:
    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        apps: Apps,
        dunning: Dunning,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._apps = apps
        self._dunning = dunning
        self._now = now
        self._tell = TellNote(begin, apps, now)

    def __call__(self, namespace: str, invoice_id: str) -> Stand:
        """Bring the invoice as far as it goes now, and its credit notes. What moved them waits with them.

        Where billing is locked it stays; the first run after that takes it up again.

        Raises:
            NotFound: there is no such invoice.
            Unavailable: the usage store or the app does not answer; what was read of usage by then is kept.
        """
        if is_passed_by(namespace):
            with self._begin(namespace) as work:
                return Stand(found_invoice(work, invoice_id), None)
        stand = self._driven(namespace, invoice_id)
        waits = [one for one in (stand.waits_until, self._tell.due(namespace, invoice_id)) if one is not None]
        return replace(stand, waits_until=min(waits, default=None))

    def _driven(self, namespace: str, invoice_id: str) -> Stand:
        """Where nothing moves, nobody has to wait."""
        before = self._collected(namespace, invoice_id)
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            app = app_of(self._apps, namespace, invoice)
            again = taken_up(work, [invoice], {invoice.app_id: app}, at)
            [driven] = gone_on(work, namespace, again, self._apps, at, self._dunning)
            attempt = recorded(invoice, driven)
            if attempt is not None:
                save(work, [attempt], at)
                work.commit()
        if not has_moved(before, driven.invoice):
            return Stand(before, None)
        until = waits_until(driven.invoice, app, self._dunning)
        return Stand(driven.invoice, until if until is not None and until <= at + _LONGEST_WAIT else None)

    def _collected(self, namespace: str, invoice_id: str) -> Invoice:
        """The invoice as it was; if it waited for its amounts they are saved then, before any app hears of them.

        `go_on.py` says why.
        """
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            if is_collectable(invoice, at):
                collect(work, namespace, [invoice], self._usage, at, at)
                work.commit()
        return invoice
