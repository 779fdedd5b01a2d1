"""What the endpoint is sent of a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.cli.catalog.plain import to_request
from meterhouse.cli.catalog.remote import SELLS
from meterhouse.cli.catalog.schema import METERS, TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meterhouse.cli.catalog.change import Change
    from meterhouse.cli.catalog.kinds import Document

_FIXED = "currency"
_NO_MORE: Mapping[str, object] = {
    "description": "",
    "groupBy": {},
    "metadata": {},
    "valueProperty": None,
    "eventFrom": None,
}
"""Members that a change of a meter leaves as they are unless they are sent, and what says that they are no more."""


def creation(change: Change) -> Document:
    """The thing as the files have it."""
    family, key = change.family, change.thing.key
    return {family.key: key, **to_request(family.record, change.wanted, key)}


def replacement(change: Change) -> Document:
    """The thing as the files have it, in the place of what is there; its key and its currency stay."""
    document = creation(change)
    if change.family is METERS:
        return {**_NO_MORE, **document}
    return {name: value for name, value in document.items() if name not in {change.family.key, _FIXED}}


def sold_with(change: Change) -> dict[str, Document]:
    """The terms of the add-ons that the files let a plan sell, by the add-on's key."""
    return {key: to_request(TERMS, terms, key) for key, terms in change.wanted.get(SELLS, {}).items()}
