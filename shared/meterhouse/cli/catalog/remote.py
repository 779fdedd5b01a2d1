"""What the endpoint has: everything of a catalog that is live, with the ids that writes need."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meterhouse.cli.catalog.plain import from_answer, terms_from_answer
from meterhouse.cli.catalog.schema import FAMILIES, PLANS, TERMS
from meterhouse.cli.http import Endpoint, path_of
from meterhouse.client.json_text import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meterhouse.cli.catalog.folder import Name
    from meterhouse.cli.catalog.kinds import Document, Family

DRAFT, SELLS = "draft", "addons"


@dataclass(frozen=True, slots=True)
class Assigned:
    """The version of an add-on that a plan sells."""

    key: str
    id: str
    number: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a thing; `number` 0: of a family without versions."""

    id: str
    number: int
    document: Document
    sells: tuple[Assigned, ...] = ()

    @property
    def spec(self) -> Document:
        """What a version fixes: the document without what the plan sells."""
        return spec_of(self.document)


@dataclass(slots=True)
class Thing:
    """A thing of this key: what is on sale, and what is drafted."""

    family: Family
    key: str
    sold: Version | None = None
    draft: Version | None = None

    @property
    def document(self) -> Document:
        """What a file says that wants it as it is: the version on sale, or the draft."""
        if self.sold is not None:
            return self.sold.document
        return drafted(self.draft.document) if self.draft is not None else {}


@dataclass(slots=True)
class Remote:
    things: dict[Name, Thing] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """A hash of all that is there: equal while nothing changes."""
        state = [
            [folder, key, *(_told(version) for version in (thing.sold, thing.draft))]
            for (folder, key), thing in sorted(self.things.items())
        ]
        return hashlib.sha256(write_json(state).encode()).hexdigest()


def read_remote(endpoint: Endpoint) -> Remote:
    """Raises `Failed` for what cannot be read."""
    remote = Remote()
    for family in FAMILIES:
        for answer in endpoint.pages(path_of(family.folder), family.list_query):
            version, key = _version(endpoint, family, answer), str(answer[family.key])
            thing = remote.things.setdefault((family.folder, key), Thing(family, key))
            if answer.get("status") == DRAFT:
                thing.draft = version
            else:
                thing.sold = version
    return remote


def spec_of(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in {DRAFT, SELLS}}


def drafted(document: Document) -> Document:
    """The document as a file has it whose thing is not to be sold."""
    return {DRAFT: True, **document}


def _version(endpoint: Endpoint, family: Family, answer: Mapping[str, Any]) -> Version:
    document = from_answer(family, answer)
    sells = _sold_with(endpoint, str(answer.get("id"))) if family is PLANS else []
    if sells:
        document[SELLS] = {assigned.key: terms for assigned, terms in sells}
    number = int(answer.get("version") or 0)
    return Version(str(answer.get("id")), number, document, tuple(assigned for assigned, _ in sells))


def _sold_with(endpoint: Endpoint, plan_id: str) -> list[tuple[Assigned, Document]]:
    told = [terms_from_answer(TERMS, one) for one in endpoint.pages(path_of("plans", plan_id, "addons"))]
    sells = [(Assigned(str(addon["key"]), str(addon["id"]), int(addon["version"])), terms) for addon, terms in told]
    return sorted(sells, key=lambda pair: (pair[0].key, pair[0].number))


def _told(version: Version | None) -> object:
    return version and [version.id, version.number, version.document, [assigned.id for assigned in version.sells]]
