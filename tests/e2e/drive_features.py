"""The features operations of the official SDK, in the namespace of `test_sdk_coverage` with its meter `bytes`."""

from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def create(sdk: Sdk, _eventually: Eventually) -> None:
    cost = {"type": "llm", "provider": "openai", "modelProperty": "path", "tokenType": "output"}
    body = {
        "key": "created",
        "name": "Created",
        "meterSlug": "bytes",
        "advancedMeterGroupByFilters": {"path": {"$in": ["/a", "/b"]}},
        "unitCost": cost,
        "metadata": {"unit": "token"},
    }
    created = sdk.features.create(body)
    assert (created.key, created.meter_slug, created.metadata) == ("created", "bytes", {"unit": "token"})
    assert created.advanced_meter_group_by_filters["path"].in_property == ["/a", "/b"]
    # what may be of several types this version of the SDK leaves as it is on the wire
    assert created.unit_cost == cost
    with pytest.raises(HttpResponseError) as refused:
        sdk.features.create(body)
    assert refused.value.status_code == 409


def get(sdk: Sdk, _eventually: Eventually) -> None:
    cost = {"type": "manual", "amount": "0.0004"}
    filters = {"path": "/a"}
    body = {"key": "got", "name": "Got", "meterSlug": "bytes", "meterGroupByFilters": filters, "unitCost": cost}
    created = sdk.features.create(body)
    found = sdk.features.get("got")
    assert sdk.features.get(created.id).id == found.id == created.id
    assert (found.meter_group_by_filters, found.unit_cost) == (filters, cost)


def list_(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.meters.create({"slug": "listed", "eventType": "listed", "aggregation": "COUNT"})
    for key in ("listed_a", "listed_b", "listed_c"):
        sdk.features.create({"key": key, "name": key, "meterSlug": "listed"})
    sdk.features.delete("listed_c")
    page = sdk.features.list(
        meter_slug=["listed"], include_archived=True, page=2, page_size=1, order="DESC", order_by="key"
    )
    assert (page["totalCount"], [one["key"] for one in page["items"]]) == (3, ["listed_b"])
    plain = sdk.features.list(meter_slug=["listed", "none"], limit=1, offset=1, order_by="key")
    assert [one["key"] for one in plain] == ["listed_b"]


def delete(sdk: Sdk, _eventually: Eventually) -> None:
    gone = sdk.features.create({"key": "deleted", "name": "Deleted"})
    sdk.features.delete("deleted")
    with pytest.raises(ResourceNotFoundError):
        sdk.features.get("deleted")
    assert sdk.features.get(gone.id).archived_at
    heir = sdk.features.create({"key": "deleted", "name": "Heir"})
    assert sdk.features.get("deleted").id == heir.id != gone.id
    sdk.features.delete(heir.id)


FEATURES = {
    "features.create": create,
    "features.get": get,
    "features.list": list_,
    "features.delete": delete,
}
