"""What an edit by hand makes of a gathering invoice: pending lines changed, added and taken back. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime

from meterhouse.billing.edit import Edit, Edited, edit_problems, line_as
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_keys import is_late, is_part
from meterhouse.billing.line_spec import LineSpec, manual_line
from meterhouse.billing.profile import Party
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.kernel.errors import Problem

_FIXED = "gathering_invoice_follows"
_OF_TERMS = {
    "auto_advance": "invoicing/autoAdvance",
    "draft_period": "invoicing/draftPeriod",
    "due_after": "invoicing/dueAfter",
    "end_proration": "invoicing/subscriptionEndProrationMode",
    "default_tax_config": "invoicing/defaultTaxConfig",
    "collection_method": "payment/collectionMethod",
}
"""Where the contract has each of the terms, below the workflow."""


def gathering_problems(
    staged: Invoice, edit: Edit, known: KnownFeatures, elsewhere: Mapping[str, Line]
) -> Iterator[Problem]:
    """What is wrong with an edit of `staged`, a gathering invoice on the terms that hold now; see `edit_problems`."""
    yield from _followed(staged, edit)
    yield from edit_problems(staged, edit, known, elsewhere)
    lines = {line.id: line for line in staged.lines}
    for number, spec in enumerate(edit.lines):
        if spec.line_id in lines:
            yield from _period_problems(lines[spec.line_id], spec, f"/lines/{number}/period")


def gathering_edited(
    staged: Invoice,
    worth: Mapping[str, Line],
    edit: Edit,
    known: KnownFeatures,
    new_id: Callable[[], str],
    now: datetime,
) -> Edited:
    """The gathering invoice as the edit, which is sound, wants it; `staged` itself where that is how it is already.

    `worth`: its lines by id, with what they come to so far.
    """
    before = {line.id: line for line in staged.lines}
    added = [manual_line(spec, new_id(), staged, known, now) for spec in edit.lines if spec.line_id is None]
    kept = [line_as(before[spec.line_id], spec, known, now) for spec in edit.lines if spec.line_id is not None]
    wanted = {line.id for line in kept}
    removed = [_taken_back(line, worth, staged, now) for line in staged.lines if line.id not in wanted]
    after = replace(staged, description=edit.description, metadata=edit.metadata)
    changed = [line for line in kept if line != before[line.id]]
    if after != staged or added or changed or removed:
        after = replace(after, lines=(*kept, *added), updated_at=now)
    return Edited(after, tuple(added), tuple(changed), tuple(removed))


def _followed(staged: Invoice, edit: Edit) -> Iterator[Problem]:
    """What an invoice that is yet to be made takes from its profile and customer then is not said here otherwise."""
    of_profile = "a gathering invoice has that of its billing profile: change the profile, or the draft"
    if _contradicts(edit.supplier, staged.supplier):
        yield Problem("/supplier", _FIXED, of_profile)
    if _contradicts(edit.customer, staged.customer):
        yield Problem("/customer", _FIXED, "a gathering invoice shows its customer: change the customer, or the draft")
    for name in sorted(edit.said):
        if getattr(edit.terms, name) != getattr(staged.workflow, name):
            yield Problem(f"/workflow/workflow/{_OF_TERMS[name]}", _FIXED, of_profile)


def _contradicts(said: Party, shown: Party) -> bool:
    """What was left out says nothing."""
    both = [(getattr(said, field.name), getattr(shown, field.name)) for field in fields(Party)]
    return any(one is not None and one != other for one, other in both)


def _period_problems(line: Line, spec: LineSpec, at: str) -> Iterator[Problem]:
    """A subscription ends what it does not ask for, and asks for what goes on from where its other lines end."""
    period = line.service_period
    if line.subscription is None or line.whole_period is not None:
        return
    if is_part(line.key) and spec.start != period.start:
        yield Problem(f"{at}/from", "line_is_part_of_a_period", "it begins where another line ends: its start stays")
    elif spec.start < period.start:
        yield Problem(f"{at}/from", "period_beyond_subscription", "its subscription charges for no time before")
    if spec.end > period.end:
        yield Problem(f"{at}/to", "period_beyond_subscription", "its subscription charges for no time after")


def _taken_back(line: Line, worth: Mapping[str, Line], staged: Invoice, now: datetime) -> Line:
    """The line, live, so that its key is never billed again.

    Late usage is known: it counts as what it comes to, or the next run would charge for it anew. What other lines of a
    period come to beside this one is read of the subjects of today: those of the invoice are of when it was made.
    Of a period that is cut short nothing more was taken back than that: should it go on, the rest is charged.
    """
    known = worth[line.id] if is_late(line.key) else line
    gone = replace(known, is_pending=False, deleted_at=now, updated_at=now)
    if not line.is_metered:
        return gone
    period = line.service_period
    is_cut = line.subscription is not None and period.end < line.full_service_period.end
    whole = line.whole_period or (period if is_cut else None)
    return replace(gone, subjects=line.subjects or staged.subject_keys, whole_period=whole)
