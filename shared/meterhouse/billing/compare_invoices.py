"""Two invoices side by side: why the one came to more, or less, than the other."""

from meterhouse.billing.bill_change import BillChange, bill_change
from meterhouse.billing.explain_line import check_rated
from meterhouse.billing.service import InvoiceService
from meterhouse.kernel.errors import Conflict


class CompareInvoices:
    def __init__(self, invoices: InvoiceService) -> None:
        self._invoices = invoices

    def __call__(self, namespace: str, invoice_id: str, other_id: str) -> BillChange:
        """What became of the first invoice in the other; a gathering invoice counts as it is valued now.

        Raises:
            NotFound: there is none of one of the ids.
            Conflict: `currencies_differ`; `line_not_rated`: a line of one has no amounts yet.
            Unavailable: the usage store does not answer.
        """
        old, new = (self._invoices.get(namespace, one).invoice for one in (invoice_id, other_id))
        if old.currency != new.currency:
            raise Conflict(f"{old.currency} and {new.currency} have no difference", "currencies_differ")
        check_rated((*old.lines, *new.lines))
        return bill_change(old, new)
