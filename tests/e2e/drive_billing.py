"""The billing operations of the official SDK, in the namespace of `test_sdk_coverage`."""

from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
ANCHORED = {"type": "anchored", "recurringPeriod": {"interval": "P1M", "anchor": "2024-01-15T00:00:00Z"}}


def profile(sdk: Sdk, name: str, **changes: object) -> dict[str, Any]:
    [default] = [one for one in sdk.billing_profiles.list().items_property if one.default]
    apps = dict.fromkeys(("tax", "invoicing", "payment"), default.apps["payment"]["id"])
    supplier = {"name": name, "addresses": [{"country": "DE"}]}
    return {"name": name, "supplier": supplier, "default": False, "workflow": {}, "apps": apps, **changes}


def create_profile(sdk: Sdk, _eventually: Eventually) -> None:
    workflow = {"collection": {"alignment": ANCHORED}, "invoicing": {"autoAdvance": False}}
    made = sdk.billing_profiles.create(profile(sdk, "created", workflow=workflow, metadata={"a": "b"}))
    assert (made.name, made.supplier.name, made.metadata) == ("created", "created", {"a": "b"})
    assert (made.workflow.invoicing.auto_advance, made.workflow.invoicing.due_after) == (False, "P30D")
    assert made.workflow.collection.alignment["recurringPeriod"]["interval"] in {"P1M", "MONTH"}


def get_profile(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.billing_profiles.create(profile(sdk, "got"))
    found = sdk.billing_profiles.get(made.id, expand=["apps"])
    assert (found.name, found.apps["payment"]["type"]) == ("got", "sandbox")


def list_profiles(sdk: Sdk, _eventually: Eventually) -> None:
    names = {sdk.billing_profiles.create(profile(sdk, name)).name for name in ("listed_a", "listed_b")}
    page = sdk.billing_profiles.list(
        include_archived=True, expand=["apps"], page=1, page_size=1000, order="DESC", order_by="name"
    )
    found = [one.name for one in page.items_property]
    assert names <= set(found)
    assert found == sorted(found, reverse=True)


def update_profile(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.billing_profiles.create(profile(sdk, "old"))
    body = {name: value for name, value in profile(sdk, "new").items() if name != "apps"}
    assert sdk.billing_profiles.update(made.id, body).supplier.name == "new"


def delete_profile(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.billing_profiles.create(profile(sdk, "deleted"))
    sdk.billing_profiles.delete(made.id)
    assert sdk.billing_profiles.get(made.id).deleted_at


def customer(sdk: Sdk, key: str) -> str:
    made: str = sdk.customers.create({"key": key, "name": key.title()}).id
    return made


def pin(sdk: Sdk, key: str) -> tuple[str, str]:
    """A customer of this key, pinned to a profile of its own."""
    pinned, to = customer(sdk, key), sdk.billing_profiles.create(profile(sdk, key)).id
    sdk.customer_overrides.upsert(pinned, {"billingProfileId": to})
    return pinned, to


def upsert_override(sdk: Sdk, _eventually: Eventually) -> None:
    pinned, to = pin(sdk, "pinned")
    again = sdk.customer_overrides.upsert(pinned, {"billingProfileId": to})
    assert (again.customer_override.billing_profile_id, again.customer_profile.supplier.name) == (to, "pinned")
    with pytest.raises(HttpResponseError) as refused:
        sdk.billing_profiles.delete(to)
    assert refused.value.status_code == 409


def get_override(sdk: Sdk, _eventually: Eventually) -> None:
    pinned, to = pin(sdk, "looked_up")
    found = sdk.customer_overrides.get(pinned, expand=["customer", "apps"])
    assert (found.base_billing_profile_id, found.customer.key) == (to, "looked_up")
    with pytest.raises(ResourceNotFoundError):
        sdk.customer_overrides.get("01HZ0000000000000000000000")


def list_overrides(sdk: Sdk, _eventually: Eventually) -> None:
    (first, to), (second, _) = pin(sdk, "in_list_a"), pin(sdk, "in_list_b")
    unpinned = customer(sdk, "in_list_c")
    both = sdk.customer_overrides.list(
        include_all_customers=False,
        customer_key="in_list",
        customer_name="in_list",
        customer_id=[first, second, unpinned],
        expand=["customer"],
        order="DESC",
        order_by="customerKey",
        page=1,
        page_size=10,
    )
    assert ([one.customer.id for one in both.items_property], both.total_count) == ([second, first], 2)
    assert sdk.customer_overrides.list(billing_profile=[to]).total_count == 1
    left = sdk.customer_overrides.list(customers_without_pinned_profile=True, customer_id=[first, unpinned])
    assert left.total_count == 1


def delete_override(sdk: Sdk, _eventually: Eventually) -> None:
    pinned, to = pin(sdk, "unpinned")
    sdk.customer_overrides.delete(pinned)
    found = sdk.customer_overrides.get(pinned)
    assert found.customer_override is None
    assert found.base_billing_profile_id != to


JANUARY = {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"}


def fee(**changes: object) -> dict[str, Any]:
    price = {"type": "flat", "amount": "40"}
    line = {"name": "Setup", "period": JANUARY, "invoiceAt": JANUARY["from"], "rateCard": {"price": price}}
    return {**line, **changes}


def usage(feature: str, **changes: object) -> dict[str, Any]:
    card = {"price": {"type": "unit", "amount": "0.5"}, "featureKey": feature}
    return {"name": "Extra", "period": JANUARY, "invoiceAt": JANUARY["to"], "rateCard": card, **changes}


def create_pending_lines(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.features.create({"key": "by_hand", "name": "By hand", "meterSlug": "bytes"})
    billed = sdk.customers.create(
        {"key": "by_hand", "name": "By hand", "usageAttribution": {"subjectKeys": ["nobody"]}}
    ).id
    made = sdk.customer_invoice.create_pending_invoice_line(
        billed, {"currency": "USD", "lines": [fee(), usage("by_hand")]}
    )
    assert (made.is_invoice_new, [line.name for line in made.lines]) == (True, ["Setup", "Extra"])
    assert {line.managed_by for line in made.lines} == {"manual"}
    assert (made.invoice.status, made.invoice.totals.total) == ("gathering", "40.00")
    with pytest.raises(HttpResponseError) as refused:
        sdk.customer_invoice.create_pending_invoice_line(billed, {"currency": "USD", "lines": [usage("unknown")]})
    assert refused.value.status_code == 400


def simulate_invoice(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.features.create({"key": "supposed", "name": "Supposed", "meterSlug": "bytes"})
    billed = customer(sdk, "supposed")
    lines = [fee(quantity="1"), usage("supposed", quantity="3")]
    made = sdk.customer_invoice.simulate_invoice(billed, {"number": "S-1", "currency": "USD", "lines": lines})
    assert (made.number, made.totals.total, len(made.lines)) == ("S-1", "41.50", 2)
    assert sdk.invoices.list(customers=[billed]).total_count == 0


BILLING = {
    "billing_profiles.create": create_profile,
    "billing_profiles.get": get_profile,
    "billing_profiles.list": list_profiles,
    "billing_profiles.update": update_profile,
    "billing_profiles.delete": delete_profile,
    "customer_overrides.upsert": upsert_override,
    "customer_overrides.get": get_override,
    "customer_overrides.list": list_overrides,
    "customer_overrides.delete": delete_override,
    "customer_invoice.create_pending_invoice_line": create_pending_lines,
    "customer_invoice.simulate_invoice": simulate_invoice,
}
