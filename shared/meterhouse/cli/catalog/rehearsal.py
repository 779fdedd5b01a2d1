"""What the endpoint's own rules have against the changes; it tries them and keeps nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from meterhouse.cli.catalog.change import Change, Changes, Verb
from meterhouse.cli.catalog.reading import place_of
from meterhouse.cli.catalog.remote import SELLS
from meterhouse.cli.catalog.request import creation, replacement, sold_with
from meterhouse.cli.catalog.schema import METERS, PLANS
from meterhouse.cli.errors import Refused
from meterhouse.cli.http import Endpoint, path_of
from meterhouse.client.problem import FieldFault, read_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meterhouse.cli.catalog.kinds import Document
    from meterhouse.cli.catalog.reading import Place

_SALES = "planAddons"
_POINTER = re.compile(r"/(\w+)/(\d+)(/.*|)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a change cannot be made, and where in the files that stands; nowhere for what is no more in them."""

    change: Change | None
    place: Place | None
    message: str

    def __str__(self) -> str:
        where = self.place or ("/".join(self.change.name) if self.change else "the changes")
        return f"{where}: {self.message}"


def find_troubles(endpoint: Endpoint, changes: Changes) -> list[Trouble]:
    """Everything that is against the changes."""
    script = _script(changes)
    return [_trouble(script, fault) for fault in _faults(endpoint, script)] if script else []


def _script(changes: Changes) -> dict[str, list[Change]]:
    """The changes by the section of the rehearsal that tries them."""
    script: dict[str, list[Change]] = {}
    for change in changes.made:
        if section := _section(change):
            script.setdefault(section, []).append(change)
    return script


def _section(change: Change) -> str | None:
    """None for what no rule is against: a draft may go at any time."""
    folder = change.family.folder
    titled = folder[0].upper() + folder[1:]
    if change.verb is Verb.ARCHIVE:
        return f"archived{titled}" if change.thing.sold else None
    if change.family is METERS and change.verb is Verb.CHANGE:
        return f"changed{titled}"
    if change.keeps_version:
        return _SALES
    return f"draft{titled}" if change.is_draft else folder


def _part(section: str, change: Change) -> Document | str:
    if section.startswith("archived"):
        return change.thing.key
    if section.startswith("changed"):
        return {change.family.key: change.thing.key, **replacement(change)}
    if section == _SALES:
        return {"key": change.thing.key, SELLS: sold_with(change)}
    return {**creation(change), SELLS: sold_with(change)} if change.family is PLANS else creation(change)


def _faults(endpoint: Endpoint, script: dict[str, list[Change]]) -> Sequence[FieldFault]:
    body = {section: [_part(section, change) for change in listed] for section, listed in script.items()}
    try:
        answer = endpoint.post(path_of("catalog", "rehearsal"), body, repeatable=True)
    except Refused as refused:
        if refused.refusal.status == HTTPStatus.BAD_REQUEST and refused.refusal.faults:
            return refused.refusal.faults
        raise
    return read_faults(answer.get("validationErrors"))


def _trouble(script: dict[str, list[Change]], fault: FieldFault) -> Trouble:
    match = _POINTER.fullmatch(fault.field)
    listed = script.get(match[1], []) if match else []
    if match is None or int(match[2]) >= len(listed):
        return Trouble(None, None, str(fault))
    change = listed[int(match[2])]
    return Trouble(change, place_of(change.entry.places, match[3]) if change.entry else None, fault.message)
