"""The invoice operations of the official SDK, over lines by hand, in the namespace of `test_sdk_coverage`."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError

from meterhouse.platform import clock
from tests.e2e.drive_billing import customer, fee, profile, usage

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
APPROVAL_NEEDED = "draft.manual_approval_needed"


def billed(sdk: Sdk, key: str, *, paid: str | None = None, **invoicing: object) -> str:
    """A customer with a line to be invoiced, pinned to a profile with these settings; the sandbox pays as told."""
    owner = customer(sdk, key)
    if paid is not None:
        metadata = {"openmeter.io/sandbox/target-payment-status": paid}
        sdk.customers.update(owner, {"key": key, "name": key, "metadata": metadata})
    to = sdk.billing_profiles.create(profile(sdk, key, workflow={"invoicing": invoicing})).id
    sdk.customer_overrides.upsert(owner, {"billingProfileId": to})
    sdk.customer_invoice.create_pending_invoice_line(owner, {"currency": "USD", "lines": [fee()]})
    return owner


def invoiced(sdk: Sdk, key: str, *, paid: str | None = None, **invoicing: object) -> Any:
    [made] = sdk.invoices.invoice_pending_lines_action({"customerId": billed(sdk, key, paid=paid, **invoicing)})
    return made


def draft(sdk: Sdk, key: str) -> Any:
    made = invoiced(sdk, key, autoAdvance=False)
    assert made.status_details.extended_status == APPROVAL_NEEDED
    return made


def invoice_now(sdk: Sdk, _eventually: Eventually) -> None:
    made = invoiced(sdk, "now")
    assert (made.status, made.totals.total, made.supplier.name) == ("paid", "40.00", "now")


def list_invoices(sdk: Sdk, _eventually: Eventually) -> None:
    made = draft(sdk, "in_list")
    page = sdk.invoices.list(
        statuses=["draft"],
        extended_statuses=[APPROVAL_NEEDED],
        customers=[made.customer.id],
        created_after=made.created_at,
        created_before=made.created_at,
        expand=["lines", "preceding", "workflow.apps"],
        include_deleted=True,
        page=1,
        page_size=10,
        order="DESC",
        order_by="createdAt",
    )
    assert ([one.id for one in page.items_property], page.total_count) == ([made.id], 1)


def get_invoice(sdk: Sdk, _eventually: Eventually) -> None:
    made = draft(sdk, "got")
    found = sdk.invoice.get_invoice(made.id, expand=["lines"], include_deleted_lines=True)
    assert [line.name for line in found.lines] == ["Setup"]


def approve(sdk: Sdk, _eventually: Eventually) -> None:
    assert sdk.invoice.approve_action(draft(sdk, "approved").id).status == "paid"


def collecting(sdk: Sdk, key: str, interval: str) -> Any:
    """A draft that waits so long for late usage."""
    owner = customer(sdk, key)
    workflow = {"collection": {"alignment": {"type": "subscription"}, "interval": interval}}
    to = sdk.billing_profiles.create(profile(sdk, key, workflow=workflow)).id
    sdk.customer_overrides.upsert(owner, {"billingProfileId": to})
    sdk.features.create({"key": key, "name": key, "meterSlug": "bytes"})
    line = usage(key, invoiceAt=clock.now().isoformat())
    sdk.customer_invoice.create_pending_invoice_line(owner, {"currency": "USD", "lines": [line, fee()]})
    [made] = sdk.invoices.invoice_pending_lines_action({"customerId": owner})
    assert made.status_details.extended_status == "draft.waiting_for_collection"
    return made


def snapshot_quantities(sdk: Sdk, _eventually: Eventually) -> None:
    made = collecting(sdk, "snapshotted", "P30D")
    taken = sdk.invoice.snapshot_quantities_action(made.id)
    # it would have waited so long for usage, and issues itself no earlier
    assert taken.status_details.extended_status == "draft.waiting_auto_approval"
    assert taken.draft_until == made.draft_until


def recalculate_tax(sdk: Sdk, _eventually: Eventually) -> None:
    made = draft(sdk, "recalculated")
    again = sdk.invoice.recalculate_tax_action(made.id)
    assert (again.status_details.extended_status, again.totals.total) == (APPROVAL_NEEDED, made.totals.total)


def advance(sdk: Sdk, eventually: Eventually) -> None:
    made = collecting(sdk, "advanced", "PT30S")

    def advanced() -> str:
        try:
            status: str = sdk.invoice.advance_action(made.id).status
        except HttpResponseError as refused:
            if refused.status_code != HTTPStatus.CONFLICT:
                raise
            status = sdk.invoice.get_invoice(made.id).status
        return status

    eventually(advanced, "paid")


def delete(sdk: Sdk, _eventually: Eventually) -> None:
    made = draft(sdk, "deleted_draft")
    sdk.invoice.delete_invoice(made.id)
    assert sdk.invoice.get_invoice(made.id).status_details.extended_status == "deleted"


def retry(sdk: Sdk, _eventually: Eventually) -> None:
    made = invoiced(sdk, "retried", paid="failed")
    assert made.status_details.extended_status == "payment_processing.failed"
    again = sdk.invoice.retry_action(made.id)
    assert again.status_details.extended_status == "payment_processing.failed"


def void(sdk: Sdk, _eventually: Eventually) -> None:
    made = invoiced(sdk, "voided_invoice", paid="failed")
    again = {"percentage": 100, "action": {"type": "pending"}}
    assert sdk.invoice.void_invoice_action(made.id, {"action": again, "reason": "mistake"}).status == "voided"
    [gathering] = sdk.invoices.list(customers=[made.customer.id], statuses=["gathering"]).items_property
    assert gathering.totals.total == "40.00"


def edit_of(invoice: Any, *lines: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"invoicing": {"autoAdvance": False}, "payment": {}}
    return {
        "supplier": {"name": "Edited", "addresses": [{"country": "FR"}]},
        "customer": {"name": invoice.customer.name},
        "lines": [*lines, fee(id=invoice.lines[0].id)],
        "workflow": {"workflow": settings},
    }


def update(sdk: Sdk, _eventually: Eventually) -> None:
    made = draft(sdk, "edited")
    body = edit_of(made, fee(name="Second"))
    changed = sdk.invoice.update_invoice(made.id, body)
    assert (changed.supplier.name, changed.totals.total, len(changed.lines)) == ("Edited", "80.00", 2)
    assert changed.status_details.extended_status == APPROVAL_NEEDED
    with pytest.raises(HttpResponseError) as refused:
        sdk.invoice.update_invoice(made.id, body | {"lines": [fee(id="01HZ0000000000000000000000")]})
    assert refused.value.status_code == 400
    update_gathering(sdk)


def update_gathering(sdk: Sdk) -> None:
    """A pending line is taken back, another one changed, and what is left is invoiced."""
    owner = billed(sdk, "gathered")
    more = {"currency": "USD", "lines": [fee(name="Second"), fee(name="Third")]}
    gathering = sdk.customer_invoice.create_pending_invoice_line(owner, more).invoice
    of_name = {line.name: line.id for line in gathering.lines}
    price = {"type": "flat", "amount": "25"}
    lines = [fee(id=of_name["Setup"]), fee(name="Cheaper", id=of_name["Second"], rateCard={"price": price})]
    bare: dict[str, Any] = {"supplier": {}, "customer": {}, "workflow": {"workflow": {"invoicing": {}, "payment": {}}}}
    changed = sdk.invoice.update_invoice(gathering.id, {**bare, "lines": lines})
    assert (changed.status, changed.totals.total) == ("gathering", "65.00")
    [made] = sdk.invoices.invoice_pending_lines_action({"customerId": owner})
    assert (made.totals.total, {line.name for line in made.lines}) == ("65.00", {"Setup", "Cheaper"})


INVOICES = {
    "invoices.invoice_pending_lines_action": invoice_now,
    "invoices.list": list_invoices,
    "invoice.get_invoice": get_invoice,
    "invoice.approve_action": approve,
    "invoice.advance_action": advance,
    "invoice.snapshot_quantities_action": snapshot_quantities,
    "invoice.recalculate_tax_action": recalculate_tax,
    "invoice.delete_invoice": delete,
    "invoice.retry_action": retry,
    "invoice.void_invoice_action": void,
    "invoice.update_invoice": update,
}
