"""What has to be done for the endpoint to have what the files say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from meterhouse.cli.catalog.difference import FieldChange, differences
from meterhouse.cli.catalog.remote import DRAFT, Remote, Thing, drafted
from meterhouse.cli.catalog.schema import FAMILIES, METERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meterhouse.cli.catalog.folder import Entry, Files, Name
    from meterhouse.cli.catalog.kinds import Document, Family


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
        before: the document that the fields are compared with.
    """

    verb: Verb
    thing: Thing
    entry: Entry | None
    before: Document = field(default_factory=dict)

    @property
    def family(self) -> Family:
        return self.thing.family

    @property
    def name(self) -> Name:
        return self.thing.family.folder, self.thing.key

    @property
    def after(self) -> Document:
        return self.entry.document if self.entry is not None else {}

    @property
    def is_draft(self) -> bool:
        """It is to be drafted and not to be sold."""
        return bool(self.after.get(DRAFT))

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
    changes = [
        change
        for family in FAMILIES
        for name in names
        if name[0] == family.folder and family.folder in files.kept
        for change in _changes(files.entries.get(name), remote.things.get(name) or Thing(family, name[1]))
    ]
    added = [change for change in changes if change.verb is not Verb.ARCHIVE]
    # what stands on others goes before them
    archived = [change for change in reversed(changes) if change.verb is Verb.ARCHIVE and change.family is not METERS]
    kept = [change for change in changes if change.verb is Verb.ARCHIVE and change.family is METERS]
    return Changes([*added, *archived], [*_notes_of_meters(kept), *_notes(files, remote)])


def _changes(entry: Entry | None, thing: Thing) -> Iterator[Change]:
    if entry is None:
        yield Change(Verb.ARCHIVE, thing, None, thing.document)
        return
    before = drafted(thing.draft.document) if entry.document.get(DRAFT) and thing.draft else thing.document
    if thing.sold is None and thing.draft is None:
        yield Change(Verb.ADD, thing, entry)
    elif before != entry.document:
        yield Change(Verb.CHANGE, thing, entry, before)


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
