"""How a caller wants an invoice voided: kept from before its app hears of it until it is known what the app did."""

from contextlib import suppress

from meterhouse.billing.app import CopyState, InvoicingApp
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.void import Wish
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.work import Begin, Otherwise, Work

_NOT_VOID = frozenset({CopyState.DRAFT, CopyState.ISSUED, CopyState.COLLECTED})


class WishedVoid:
    """One call's wish, beside the one that an earlier call left: that one's void may be carried out yet."""

    def __init__(self, begin: Begin[BillingStore], otherwise: Otherwise, namespace: str, invoice_id: str) -> None:
        self._begin = begin
        self._otherwise = otherwise
        self._namespace = namespace
        self._invoice_id = invoice_id
        self._wish: Wish | None = None
        self._before: Wish | None = None
        self._stands: Wish | None = None

    def keep(self, work: Work[BillingStore], wish: Wish) -> None:
        """Save it; where the unit of work is a part of one that is lost, what stands then is saved after that."""
        self._before = self._stands = work.store.voidings.of([self._invoice_id]).get(self._invoice_id)
        self._wish = wish
        self._otherwise(self.settle)
        work.store.voidings.keep(self._invoice_id, wish)

    def asked(self) -> None:
        """The app hears of it: whatever comes of that, it is how the invoice is to be voided."""
        self._stands = self._wish

    def refused(self, app: InvoicingApp, invoice: Invoice) -> None:
        """The app does not do it. It may have done as was asked before, unless its copy is seen not to be void."""
        copy = None
        with suppress(Unavailable):
            copy = app.copy_of(invoice)
        self._stands = None if copy in _NOT_VOID else self._before

    def settle(self) -> None:
        """Save what stands where no void of ours was saved, unless another call has wished since."""
        if self._wish is None:
            return
        with suppress(Unavailable), self._begin(self._namespace) as work:
            locked_invoice(work, self._invoice_id)
            voidings = work.store.voidings
            known = voidings.of([self._invoice_id]).get(self._invoice_id)
            if known not in (None, self._before) and known.asked_at != self._wish.asked_at:
                return
            if self._stands is None:
                voidings.forget(self._invoice_id)
            else:
                voidings.keep(self._invoice_id, self._stands)
            work.commit()
