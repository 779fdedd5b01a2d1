"""What the official SDK does with apps, which it leaves as plain objects, in the namespace of `test_sdk_coverage`."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError

from tests.e2e.drive_billing import customer, fee, profile

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def installed(sdk: Sdk, name: str, **hooks: bool) -> Any:
    """A custom invoicing app, beside the default profile's."""
    app = sdk.marketplace.install("custom_invoicing", {"name": name, "createBillingProfile": False}).app
    settings = {"enableDraftSyncHook": False, "enableIssuingSyncHook": False, **hooks}
    return sdk.apps.update(app["id"], {"type": "custom_invoicing", "name": name, **settings})


def sent(sdk: Sdk, key: str, **hooks: bool) -> Any:
    """An invoice at a custom invoicing app of its own."""
    app, owner = installed(sdk, key, **hooks), customer(sdk, key)
    apps = dict.fromkeys(("tax", "invoicing", "payment"), app["id"])
    to = sdk.billing_profiles.create(profile(sdk, key, apps=apps)).id
    sdk.customer_overrides.upsert(owner, {"billingProfileId": to})
    sdk.customer_invoice.create_pending_invoice_line(owner, {"currency": "USD", "lines": [fee()]})
    [made] = sdk.invoices.invoice_pending_lines_action({"customerId": owner})
    return made


def state(sdk: Sdk, invoice_id: str) -> str:
    found: str = sdk.invoice.get_invoice(invoice_id).status_details.extended_status
    return found


def list_listings(sdk: Sdk, _eventually: Eventually) -> None:
    assert sdk.marketplace.list(page=1, page_size=10).total_count == len(("stripe", "sandbox", "custom_invoicing"))


def get_listing(sdk: Sdk, _eventually: Eventually) -> None:
    assert sdk.marketplace.get("stripe").install_methods == ["with_api_key"]


def install(sdk: Sdk, _eventually: Eventually) -> None:
    made = sdk.marketplace.install("custom_invoicing", {"name": "Made", "createBillingProfile": False})
    assert (made.app["name"], made.app["status"], made.default_for_capability_types) == ("Made", "ready", [])


def refused_oauth2(sdk: Sdk, _eventually: Eventually) -> None:
    for ask in (sdk.marketplace.get_o_auth2_install_url, sdk.marketplace.authorize_o_auth2_install):
        with pytest.raises(HttpResponseError) as refused:
            ask("stripe")
        assert refused.value.status_code == HTTPStatus.BAD_REQUEST


def list_apps(sdk: Sdk, _eventually: Eventually) -> None:
    app = installed(sdk, "in_list")
    found = {one["id"]: one["type"] for one in sdk.apps.list(page=1, page_size=1000).items_property}
    assert (found[app["id"]], "sandbox" in found.values()) == ("custom_invoicing", True)


def get_app(sdk: Sdk, _eventually: Eventually) -> None:
    app = installed(sdk, "got")
    assert sdk.apps.get(app["id"])["name"] == "got"


def update_app(sdk: Sdk, _eventually: Eventually) -> None:
    assert installed(sdk, "hooked", enableDraftSyncHook=True)["enableDraftSyncHook"]


def uninstall_app(sdk: Sdk, _eventually: Eventually) -> None:
    app = installed(sdk, "gone")
    sdk.apps.uninstall(app["id"])
    assert sdk.apps.get(app["id"])["deletedAt"]
    [default] = [one for one in sdk.billing_profiles.list().items_property if one.default]
    with pytest.raises(HttpResponseError) as refused:
        sdk.apps.uninstall(default.apps["payment"]["id"])
    assert refused.value.status_code == HTTPStatus.CONFLICT


def draft_is_there(sdk: Sdk, _eventually: Eventually) -> None:
    made = sent(sdk, "drafted", enableDraftSyncHook=True)
    assert made.status_details.extended_status == "draft.syncing"
    sdk.app_custom_invoicing.draft_syncronized(made.id, {"invoicing": {"externalId": "D-1"}})
    assert state(sdk, made.id) == "payment_processing.pending"
    assert sdk.invoice.get_invoice(made.id).external_ids.invoicing == "D-1"


def invoice_is_there(sdk: Sdk, _eventually: Eventually) -> None:
    made = sent(sdk, "finalized", enableIssuingSyncHook=True)
    assert made.status_details.extended_status == "issuing.syncing"
    sdk.app_custom_invoicing.finalized(made.id, {"invoicing": {"invoiceNumber": "OURS-1"}})
    assert sdk.invoice.get_invoice(made.id).number == "OURS-1"


def it_was_paid(sdk: Sdk, _eventually: Eventually) -> None:
    made = sent(sdk, "settled")
    sdk.app_custom_invoicing.payment_status(made.id, {"trigger": "paid"})
    assert state(sdk, made.id) == "paid"


def tell_apps(sdk: Sdk, _eventually: Eventually) -> None:
    app, told = installed(sdk, "told"), customer(sdk, "told")
    facts = {"type": "custom_invoicing", "id": app["id"], "metadata": {"debtor": "7"}}
    [done] = sdk.customer_apps.upsert_app_data(told, [facts])
    assert (done["id"], done["metadata"]) == (app["id"], {"debtor": "7"})


def known(sdk: Sdk, key: str) -> Any:
    """What the sandbox knows of a new customer."""
    customer(sdk, key)
    sdk.customer_apps.upsert_app_data(key, [{"type": "sandbox"}])
    [found] = sdk.customer_apps.list_app_data(key, type="sandbox", page=1, page_size=10).items_property
    return found


def what_apps_know(sdk: Sdk, _eventually: Eventually) -> None:
    assert known(sdk, "known")["app"]["status"] == "ready"


def forget(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.customer_apps.delete_app_data("forgotten", known(sdk, "forgotten")["id"])
    assert sdk.customer_apps.list_app_data("forgotten").total_count == 0


APPS = {
    "marketplace.list": list_listings,
    "marketplace.get": get_listing,
    "marketplace.install": install,
    "marketplace.get_o_auth2_install_url": refused_oauth2,
    "marketplace.authorize_o_auth2_install": refused_oauth2,
    "apps.list": list_apps,
    "apps.get": get_app,
    "apps.update": update_app,
    "apps.uninstall": uninstall_app,
    "app_custom_invoicing.draft_syncronized": draft_is_there,
    "app_custom_invoicing.finalized": invoice_is_there,
    "app_custom_invoicing.payment_status": it_was_paid,
    "customer_apps.upsert_app_data": tell_apps,
    "customer_apps.list_app_data": what_apps_know,
    "customer_apps.delete_app_data": forget,
}
