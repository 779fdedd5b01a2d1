"""Invoices as HTML, by Jinja: one page that needs nothing from elsewhere; what callers named is escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from meterhouse.billing.printed_invoice import PrintedInvoice


def html_of(invoice: PrintedInvoice) -> bytes:
    return _template().render(invoice=invoice).encode()


@cache
def _template() -> Template:
    loader = PackageLoader("meterhouse.billing", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("invoice.html")
