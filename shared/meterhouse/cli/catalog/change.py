"""What has to be done for the endpoint to have what the files say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from meterhouse.cli.catalog.difference import FieldChange, differences
from meterhouse.cli.catalog.remote import DRAFT, SELLS, Remote, Thing, drafted, spec_of
from meterhouse.cli.catalog.schema import ADDONS, FAMILIES, METERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from meterhouse.cli.catalog.folder import Entry, Files, Name
    from meterhouse.cli.catalog.kinds import Document, Family

_ON_SALE = "the one on sale"


class Verb(StrEnum):
    ADD = "add"
    CHANGE = "change"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs.

    Attributes:
        thing: what the endpoint has of this key; nothing of it at an addition.
        entry: what the files have; None where it is to be archived.
        before: the document that the fields are compared with, and `after`: what it becomes.
    """

    verb: Verb
    thing: Thing
    entry: Entry | None
    before: Document = field(default_factory=dict)
    after: Document = field(default_factory=dict)

    @property
    def family(self) -> Family:
        return self.thing.family

    @property
    def name(self) -> Name:
        return self.thing.family.folder, self.thing.key

    @property
    def wanted(self) -> Document:
        """What the files say; nothing of what is to be archived."""
        return self.entry.document if self.entry is not None else {}

    @property
    def is_draft(self) -> bool:
        """It is to be drafted and not to be sold."""
        return bool(self.wanted.get(DRAFT))

    @property
    def keeps_version(self) -> bool:
        """What is on sale stays so: it differs in the add-ons alone that it sells."""
        is_sold = self.thing.sold is not None and not self.is_draft and self.verb is Verb.CHANGE
        return is_sold and spec_of(self.before) == spec_of(self.wanted)

    def fields(self) -> list[FieldChange]:
        return differences(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Changes:
    """In the order in which they are made.

    Attributes:
        notes: what differs and stays.
    """

    made: list[Change]
    notes: list[str]


def find_changes(files: Files, remote: Remote) -> Changes:
    """What differs between the files and the endpoint, of the families that the files keep."""
    names = sorted({*files.entries, *remote.things})
    changes: list[Change] = []
    for family in FAMILIES:
        renewed = _renewed(changes, remote)
        for name in names:
            if name[0] == family.folder and family.folder in files.kept:
                thing = remote.things.get(name) or Thing(family, name[1])
                changes += _changes(files.entries.get(name), thing, renewed)
    added = [change for change in changes if change.verb is not Verb.ARCHIVE]
    # what stands on others goes before them
    archived = [change for change in reversed(changes) if change.verb is Verb.ARCHIVE and change.family is not METERS]
    kept = [change for change in changes if change.verb is Verb.ARCHIVE and change.family is METERS]
    return Changes([*added, *archived], [*_notes_of_meters(kept), *_notes(files, remote)])


def _changes(entry: Entry | None, thing: Thing, on_sale: Mapping[str, str | None]) -> Iterator[Change]:
    """`on_sale`: the id of each add-on's version on sale; None: a new one will be."""
    if entry is None:
        yield Change(Verb.ARCHIVE, thing, None, thing.document)
        return
    is_draft = bool(entry.document.get(DRAFT)) and thing.draft is not None
    before = drafted(thing.draft.document) if is_draft and thing.draft else thing.document
    version = thing.draft if is_draft or thing.sold is None else thing.sold
    outdated = [one for one in version.sells if on_sale.get(one.key) != one.id] if version else []
    if version is None:
        yield Change(Verb.ADD, thing, entry, {}, entry.document)
    elif before != entry.document or outdated:
        old = _with_versions(before, {one.key: str(one.number) for one in outdated})
        new = _with_versions(entry.document, {one.key: _ON_SALE for one in outdated})
        yield Change(Verb.CHANGE, thing, entry, old, new)


def _renewed(changes: list[Change], remote: Remote) -> dict[str, str | None]:
    """Of each add-on the id of the version on sale, and None of one that will have another."""
    sold = {
        key: thing.sold.id for (folder, key), thing in remote.things.items() if folder == ADDONS.folder and thing.sold
    }
    return {**sold, **{one.thing.key: None for one in changes if one.family is ADDONS and not one.is_draft}}


def _with_versions(document: Document, versions: Mapping[str, str]) -> Document:
    """The document with the versions of these add-ons, where it sells them."""
    sells = document.get(SELLS, {})
    shown = {key: {**terms, "version": versions[key]} if key in versions else terms for key, terms in sells.items()}
    return {**document, SELLS: shown} if sells else document


def _notes_of_meters(kept: list[Change]) -> Iterator[str]:
    for change in kept:
        key = change.thing.key
        yield f"meters/{key} is in no file and stays: its usage would go with it (meterhouse meters delete {key})"


def _notes(files: Files, remote: Remote) -> Iterator[str]:
    for family in FAMILIES:
        of_family = [thing for (folder, _), thing in sorted(remote.things.items()) if folder == family.folder]
        if of_family and family.folder not in files.kept:
            yield f"what is there of {family.folder} ({len(of_family)}) is let alone: these files have none"
            continue
        for thing in of_family:
            entry = files.entries.get((family.folder, thing.key))
            if thing.sold and thing.draft and entry is not None and not entry.document.get(DRAFT):
                yield (
                    f"{family.folder}/{thing.key} has a draft, version {thing.draft.number}, which no file tells of; "
                    "a change of the file takes its place"
                )
