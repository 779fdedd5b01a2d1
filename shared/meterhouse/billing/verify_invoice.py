"""Invoices rated again from what they were rated from, beside the usage of today. Nothing is changed by it."""

from dataclasses import replace

from meterhouse.billing.explain_line import check_rated, rated_line
from meterhouse.billing.families import Families
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.quantities import of_invoices, quantities_of
from meterhouse.billing.service import found_invoice
from meterhouse.billing.verification import VerifiedInvoice, VerifiedLine, verified_invoice
from meterhouse.platform.work import Begin


class VerifyInvoice:
    def __init__(self, begin: Begin[BillingStore], usage: UsageReader) -> None:
        self._begin = begin
        self._usage = usage

    def __call__(self, namespace: str, invoice_id: str) -> VerifiedInvoice:
        """Every line of a standard invoice.

        Raises:
            NotFound: there is none of this id.
            Conflict: `line_not_rated`: a line has no amounts yet.
            Unavailable: the usage store does not answer.
        """
        return self._verified(namespace, invoice_id, None)

    def line(self, namespace: str, invoice_id: str, line_id: str) -> VerifiedLine:
        """One line alone; raises as for all of them."""
        [line] = self._verified(namespace, invoice_id, line_id).lines
        return line

    def _verified(self, namespace: str, invoice_id: str, line_id: str | None) -> VerifiedInvoice:
        with self._begin(namespace) as work:
            invoice = found_invoice(work, invoice_id)
            if line_id is not None:
                invoice = replace(invoice, lines=(rated_line(invoice, line_id),))
            check_rated(invoice.lines)
            lines = of_invoices([invoice])
            families = Families(work.store.lines.related(lines))
            used = quantities_of(namespace, families.readings(lines), work.store.features, self._usage)
            overages = [line.overage.line_id for line in invoice.lines if line.overage is not None]
            units = {line.id: line for line in work.store.lines.by_ids(overages)}
        return verified_invoice(invoice, families.own(invoice.lines, used), units)
