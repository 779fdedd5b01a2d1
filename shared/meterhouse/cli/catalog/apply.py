"""Making the changes: drafts, then sales. Stopped anywhere and begun again, it ends at the same state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meterhouse.cli.catalog.assign import sell
from meterhouse.cli.catalog.change import Change, Verb
from meterhouse.cli.catalog.remote import Version, spec_of
from meterhouse.cli.catalog.request import creation, replacement
from meterhouse.cli.catalog.schema import METERS, PLANS
from meterhouse.cli.errors import Failed
from meterhouse.cli.http import STRANGER, Endpoint, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def make(endpoint: Endpoint, changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    """Each change when it is made, and what was done."""
    for change in changes:
        yield change, _made(endpoint, change)


def _made(endpoint: Endpoint, change: Change) -> str:
    if change.family.has_versions:
        return _ended(endpoint, change) if change.verb is Verb.ARCHIVE else _offered(endpoint, change)
    if change.verb is Verb.ADD:
        endpoint.post(_path(change), creation(change))
        return "created"
    if change.family is METERS:
        endpoint.put(_path(change, change.thing.key), replacement(change))
        return "changed"
    endpoint.delete(_path(change, _stored(change.thing.sold).id))
    if change.verb is Verb.ARCHIVE:
        return "archived"
    endpoint.post(_path(change), creation(change))
    return "archived and created anew"


def _offered(endpoint: Endpoint, change: Change) -> str:
    if change.keeps_version:
        sell(endpoint, change, _stored(change.thing.sold).id)
        return "add-ons assigned"
    drafted = _drafted(endpoint, change)
    if change.family is PLANS:
        sell(endpoint, change, drafted["id"])
    if change.is_draft:
        return f"drafted as version {drafted['version']}"
    endpoint.post(_path(change, drafted["id"], "publish"))
    return f"published as version {drafted['version']}"


def _drafted(endpoint: Endpoint, change: Change) -> dict[str, Any]:
    """The draft as the files have it; one that is there is rewritten, where it may be."""
    draft, wanted = change.thing.draft, spec_of(change.wanted)
    if draft is not None and draft.spec == wanted:
        return {"id": draft.id, "version": draft.number}
    if draft is not None and draft.document.get("currency") == wanted.get("currency"):
        return _version(endpoint.put(_path(change, draft.id), replacement(change)))
    if draft is not None:
        endpoint.delete(_path(change, draft.id))
    return _version(endpoint.post(_path(change), creation(change)))


def _ended(endpoint: Endpoint, change: Change) -> str:
    thing, done = change.thing, []
    if thing.draft is not None:
        endpoint.delete(_path(change, thing.draft.id))
        done.append(f"draft of version {thing.draft.number} deleted")
    if thing.sold is not None:
        endpoint.post(_path(change, thing.sold.id, "archive"))
        done.append(f"version {thing.sold.number} archived")
    return ", ".join(done)


def _path(change: Change, *parts: str) -> str:
    return path_of(change.family.folder, *parts)


def _stored(version: Version | None) -> Version:
    if version is None:
        raise Failed("a thing without a version cannot change")
    return version


def _version(answer: dict[str, Any]) -> dict[str, Any]:
    if not {"id", "version"} <= answer.keys():
        raise Failed(f"the answer is no version: {STRANGER}")
    return answer
