"""Our invoice at Stripe: found again, made, brought to what ours is. Every step may be repeated at any time."""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta
from typing import TYPE_CHECKING

from meterhouse.billing.profile import CollectionMethod
from meterhouse.payments.stripe_api import StripeRefusal, answers, metadata_of, once
from meterhouse.payments.stripe_changes import Changes, Known, changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import stripe

    from meterhouse.billing.invoice import Invoice
    from meterhouse.payments.customer_data import StripeCustomer
    from meterhouse.payments.stripe_items import Item

INVOICE = "meterhouse_invoice"
"""Key of the metadata of an invoice at Stripe: the id of ours."""

_ONE_DAY = timedelta(days=1)
_BATCH = 100
_PAGE = 100


class StripeDrafts:
    """The invoices of one Stripe account that are ours."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._invoices = client.v1.invoices
        self._items = client.v1.invoice_items

    def find(self, invoice: Invoice, customer: StripeCustomer | None) -> stripe.Invoice | None:
        """The copy of `invoice`, in whatever state: by the id that was saved, or else by ours in its metadata.

        The second finds what was made before a crash, when Stripe has long forgotten the idempotency key, and also
        when the copy whose id was saved is gone; it takes a customer. The first may be another customer's, who was
        linked then.
        """
        saved = None if invoice.external_id is None else self.get(invoice.external_id)
        if saved is not None or customer is None:
            return saved
        since = int((invoice.created_at - _ONE_DAY).timestamp())
        page = self._invoices.list({"customer": customer.stripe_customer_id, "created": {"gte": since}, "limit": _PAGE})
        ours = (one for one in page.auto_paging_iter() if metadata_of(one).get(INVOICE) == invoice.id)
        found = next(ours, None)
        return None if found is None else self.get(found.id)

    def get(self, stripe_id: str) -> stripe.Invoice | None:
        """With its payments; None where it was deleted."""
        try:
            with answers():
                return self._invoices.retrieve(stripe_id, {"expand": ["payments.data.payment.payment_intent"]})
        except StripeRefusal as refusal:
            if refusal.is_missing:
                return None
            raise

    def make(self, invoice: Invoice, customer: StripeCustomer) -> stripe.Invoice:
        """A draft with nothing on it that could change, so that its idempotency key always stands for this body."""
        return once(
            f"{invoice.id}/{invoice.step}/invoice/{customer.stripe_customer_id}",
            lambda key: self._invoices.create(
                {
                    "customer": customer.stripe_customer_id,
                    "currency": invoice.currency.lower(),
                    "auto_advance": False,
                    "pending_invoice_items_behavior": "exclude",
                    "discounts": "",
                    "metadata": {INVOICE: invoice.id},
                },
                {"idempotency_key": key},
            ),
        )

    def bring(self, draft_id: str, invoice: Invoice, customer: StripeCustomer, wanted: Sequence[Item]) -> None:
        """Settings and items of a draft become ours."""
        self._set(draft_id, invoice, customer)
        found = changes(wanted, [Known(one.id, one.amount, metadata_of(one)) for one in self.lines(draft_id)])
        self._remove(draft_id, found)
        self._change(draft_id, found)
        self._add(draft_id, invoice, customer, found)

    def lines(self, stripe_id: str) -> list[stripe.InvoiceLineItem]:
        page = self._invoices.line_items.list(stripe_id, {"limit": _PAGE})
        return list(page.auto_paging_iter())

    def without_tax(self, draft_id: str) -> None:
        self._invoices.update(draft_id, {"automatic_tax": {"enabled": False}})

    def _set(self, draft_id: str, invoice: Invoice, customer: StripeCustomer) -> None:
        workflow, is_charged = invoice.workflow, is_charged_automatically(invoice)
        settings: stripe.params.InvoiceUpdateParams = {
            "collection_method": workflow.collection_method.value,
            "automatic_tax": {"enabled": workflow.tax_enabled},
            # else the customer's coupon at Stripe takes off what we charge
            "discounts": "",
            "description": invoice.description or "",
            "default_payment_method": (is_charged and customer.named_method_id) or "",
        }
        if not is_charged:
            settings["days_until_due"] = days_until_due(invoice)
        self._invoices.update(draft_id, settings)

    def _remove(self, draft_id: str, found: Changes) -> None:
        for start in range(0, len(found.removed), _BATCH):
            part = found.removed[start : start + _BATCH]
            self._invoices.remove_lines(draft_id, {"lines": [{"id": name, "behavior": "delete"} for name in part]})

    def _change(self, draft_id: str, found: Changes) -> None:
        for start in range(0, len(found.changed), _BATCH):
            part = found.changed[start : start + _BATCH]
            self._invoices.update_lines(
                draft_id,
                {
                    "lines": [
                        {
                            "id": name,
                            "amount": item.amount,
                            "description": item.description,
                            "period": {"start": item.start, "end": item.end},
                            "metadata": item.metadata,
                        }
                        for name, item in part
                    ]
                },
            )

    def _add(self, draft_id: str, invoice: Invoice, customer: StripeCustomer, found: Changes) -> None:
        """Stripe's bulk call takes no tax settings: items that have their own go one by one, all others together."""
        together: list[Item] = []
        for item in found.added:
            if item.tax or len(together) == _BATCH:
                self._add_together(draft_id, invoice, together)
                together = []
            if item.tax:
                self._add_one(draft_id, invoice, customer, item)
            else:
                together.append(item)
        self._add_together(draft_id, invoice, together)

    def _add_together(self, draft_id: str, invoice: Invoice, items: Sequence[Item]) -> None:
        if not items:
            return
        mark = hashlib.sha256("".join(item.content for item in items).encode()).hexdigest()[:32]
        lines: list[stripe.params.InvoiceAddLinesParamsLine] = [
            {
                "amount": item.amount,
                "description": item.description,
                "period": {"start": item.start, "end": item.end},
                "metadata": item.metadata,
            }
            for item in items
        ]
        once(
            f"{invoice.id}/{invoice.step}/lines/{mark}",
            lambda key: self._invoices.add_lines(draft_id, {"lines": lines}, {"idempotency_key": key}),
        )

    def _add_one(self, draft_id: str, invoice: Invoice, customer: StripeCustomer, item: Item) -> None:
        settings: stripe.params.InvoiceItemCreateParams = {
            "customer": customer.stripe_customer_id,
            "invoice": draft_id,
            "currency": invoice.currency.lower(),
            "amount": item.amount,
            "description": item.description,
            "period": {"start": item.start, "end": item.end},
            "metadata": item.metadata,
        }
        if item.tax_behavior == "inclusive" or item.tax_behavior == "exclusive":  # noqa: PLR1714 - narrows the type
            settings["tax_behavior"] = item.tax_behavior
        if item.tax_code is not None:
            settings["tax_code"] = item.tax_code
        once(
            f"{invoice.id}/{invoice.step}/{item.content}",
            lambda key: self._items.create(settings, {"idempotency_key": key}),
        )


def is_charged_automatically(invoice: Invoice) -> bool:
    return invoice.workflow.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY


def days_until_due(invoice: Invoice) -> int:
    """Whole days of the time to pay; a part of a day counts as one, so that nobody is late too early."""
    allowed = invoice.workflow.due_after.after(invoice.created_at) - invoice.created_at
    return math.ceil(allowed / _ONE_DAY)
