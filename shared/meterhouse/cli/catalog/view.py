"""A plan as lines: what is added, changed and archived, and what stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meterhouse.cli.catalog.change import Change, Verb
from meterhouse.cli.catalog.schema import METERS
from meterhouse.cli.catalog.yaml_text import plain_values, yaml_text
from meterhouse.client.json_text import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from meterhouse.cli.catalog.difference import FieldChange
    from meterhouse.cli.catalog.planned import Planned
    from meterhouse.cli.catalog.remote import Version
    from meterhouse.cli.catalog.subscribers import Subscriber

SIGNS = {Verb.ADD: "+", Verb.CHANGE: "~", Verb.ARCHIVE: "-"}
_SHOWN = 10
_DONE = {Verb.ADD: "to add", Verb.CHANGE: "to change", Verb.ARCHIVE: "to archive"}


@dataclass(frozen=True, slots=True)
class Line:
    """`sign` says how it is coloured: + ~ - ! or a blank."""

    sign: str
    text: str


def plan_lines(planned: Planned, width: int) -> list[Line]:
    """The plan, and at its end what it comes to."""
    lines = [line for change in planned.changes.made for line in _change_lines(change, planned, width)]
    lines += [Line(" ", f"note: {note}") for note in planned.changes.notes]
    lines += [Line("!", f"! {trouble}") for trouble in planned.troubles]
    return [*lines, Line(" ", summary(planned))]


def summary(planned: Planned) -> str:
    verbs = [change.verb for change in planned.changes.made]
    counts = [f"{verbs.count(verb)} {done}" for verb, done in _DONE.items() if verb in verbs]
    return ", ".join(counts) if counts else "nothing to change"


def _change_lines(change: Change, planned: Planned, width: int) -> Iterator[Line]:
    sign = SIGNS[change.verb]
    yield Line(sign, f"{sign} {'/'.join(change.name)}: {_what(change)}")
    if change.verb is Verb.ADD:
        yield from _block("+", "", change.after)
    elif change.verb is Verb.CHANGE:
        for field in change.fields():
            yield from _field_lines(field, width)
    yield from _subscriber_lines(planned.subscribers.get(change.name, []))


def _what(change: Change) -> str:
    """What becomes of the thing."""
    if change.verb is Verb.ADD:
        return "new, as a draft" if change.is_draft else "new"
    if change.family.has_versions:
        return _what_of_versions(change, change.thing.sold, change.thing.draft)
    if change.verb is Verb.ARCHIVE:
        return "archived"
    return "changed" if change.family is METERS else "archived, and made anew: a feature never changes"


def _what_of_versions(change: Change, sold: Version | None, draft: Version | None) -> str:
    if change.verb is Verb.ARCHIVE:
        ended = [f"draft of version {draft.number} deleted"] if draft else []
        return ", ".join([*ended, *([f"version {sold.number} archived"] if sold else [])])
    if change.keeps_version and sold:
        return f"version {sold.number} stays on sale with other add-ons"
    if change.is_draft:
        return f"draft of version {draft.number} rewritten" if draft else "a new version, as a draft"
    if sold is None:
        return "what was a draft goes on sale"
    rewritten = f" (the draft of version {draft.number}, rewritten)" if draft else ""
    return f"a new version{rewritten} takes the place of version {sold.number}"


def _field_lines(change: FieldChange, width: int) -> Iterator[Line]:
    if _is_whole(change.old) or _is_whole(change.new):
        for sign, value in (("-", change.old), ("+", change.new)):
            if value is not None:
                yield from _block(sign, change.field, value)
        return
    line = f"    {change.field}: {_shown(change.old)} -> {_shown(change.new)}"
    if len(line) <= width:
        yield Line("~", line)
        return
    yield Line("~", f"    {change.field}:")
    yield Line("-", f"  -   {_shown(change.old)}")
    yield Line("+", f"  +   {_shown(change.new)}")


def _block(sign: str, name: str, value: Any) -> Iterator[Line]:  # noqa: ANN401 - as documents are
    """A part that is new or no more, as YAML."""
    document = {name: value} if name else value
    for line in yaml_text(document).splitlines():
        yield Line(sign, f"  {sign} {line}")


def _subscriber_lines(live: Sequence[Subscriber]) -> Iterator[Line]:
    if not live:
        return
    many = (
        "1 live subscription stays on its version"
        if len(live) == 1
        else f"{len(live)} live subscriptions stay on their versions"
    )
    yield Line(" ", f"    {many} until migrated:")
    for one in live[:_SHOWN]:
        yield Line(" ", f"      {one['id']}  customer {one['customerId']}")
        yield Line(" ", f"        version {one['version']}, {one['status']}")
    if len(live) > _SHOWN:
        yield Line(" ", f"      and {len(live) - _SHOWN} more, which --json lists")


def _is_whole(value: object) -> bool:
    return isinstance(value, dict | list)


def _shown(value: object) -> str:
    """A value on one line; quoted where its edges would not be seen."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return write_json(value)
    text = str(plain_values(value))
    return text if text and text.isprintable() and " " not in text else write_json(text)
