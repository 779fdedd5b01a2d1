"""Which add-ons a plan sells: made to be what the files say, whatever is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.cli.catalog.plain import terms_from_answer, to_request
from meterhouse.cli.catalog.request import sold_with
from meterhouse.cli.catalog.schema import TERMS
from meterhouse.cli.http import Endpoint, path_of

if TYPE_CHECKING:
    from meterhouse.cli.catalog.change import Change


def sell(endpoint: Endpoint, change: Change, plan_id: str) -> None:
    """Have the version of a plan sell, of each add-on that the files name, the version that is on sale now."""
    assigned = path_of("plans", plan_id, "addons")
    told = [terms_from_answer(TERMS, one) for one in endpoint.pages(assigned)]
    there = {str(addon["id"]): terms for addon, terms in told}
    wanted = {str(endpoint.get(path_of("addons", key))["id"]): terms for key, terms in sold_with(change).items()}
    for addon_id in there:
        if addon_id not in wanted:
            endpoint.delete(path_of("plans", plan_id, "addons", addon_id))
    for addon_id, terms in wanted.items():
        if addon_id not in there:
            endpoint.post(assigned, {"addonId": addon_id, **terms})
        elif to_request(TERMS, there[addon_id], "") != terms:
            endpoint.put(path_of("plans", plan_id, "addons", addon_id), terms)
