"""Who subscribes to the plans that change: they stay on the version they have."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from meterhouse.cli.catalog.schema import PLANS
from meterhouse.cli.errors import Failed, Refused
from meterhouse.cli.http import STRANGER, Endpoint, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meterhouse.cli.catalog.change import Change
    from meterhouse.cli.catalog.folder import Name

_LIVE = ["active", "canceled", "scheduled"]
Subscriber = dict[str, Any]


def subscribers(endpoint: Endpoint, changes: Iterable[Change]) -> dict[Name, list[Subscriber]]:
    """Of each plan whose sale changes the live subscriptions to any version of it."""
    return {
        change.name: _of_plan(endpoint, change.thing.key)
        for change in changes
        if change.family is PLANS and not change.is_draft and not change.keeps_version
    }


def _of_plan(endpoint: Endpoint, key: str) -> list[Subscriber]:
    try:
        listed = list(endpoint.pages(path_of("plans", key, "subscriptions"), {"status": _LIVE}))
    except Refused as refused:
        if refused.refusal.status == HTTPStatus.NOT_FOUND:
            return []  # a plan of this key was never there
        raise
    try:
        return [
            {
                "id": one["id"],
                "customerId": one["customerId"],
                "version": one["plan"]["version"],
                "status": one["status"],
            }
            for one in listed
        ]
    except (KeyError, TypeError):
        raise Failed(f"the answer is no list of subscriptions: {STRANGER}") from None
