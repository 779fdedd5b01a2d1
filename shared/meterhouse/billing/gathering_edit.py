"""What an edit makes of a gathering invoice: its lines by hand changed, added and taken back. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime

from meterhouse.billing.edit import Edit, Edited, differs, edit_problems, line_as
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_keys import is_late
from meterhouse.billing.line_spec import is_by_hand, manual_line
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
    kept = list(_kept_problems(staged, edit))
    fields_told = {problem.field for problem in kept}
    yield from (one for one in edit_problems(staged, edit, known, elsewhere) if one.field not in fields_told)
    yield from kept


def gathering_edited(
    staged: Invoice, edit: Edit, known: KnownFeatures, new_id: Callable[[], str], now: datetime
) -> Edited:
    """The gathering invoice as the edit, which is sound, wants it; `staged` itself where that is how it is already.

    A line that is taken back stays, live, so that its key is never billed again.
    """
    before = {line.id: line for line in staged.lines}
    added = [manual_line(spec, new_id(), staged, known, now) for spec in edit.lines if spec.line_id is None]
    kept = [
        line_as(before[spec.line_id], spec, known, staged.workflow, now)
        for spec in edit.lines
        if spec.line_id is not None
    ]
    wanted = {line.id for line in kept}
    left_out = [line for line in staged.lines if line.id not in wanted]
    removed = [replace(line, is_pending=False, deleted_at=now, updated_at=now) for line in left_out]
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


def _kept_problems(staged: Invoice, edit: Edit) -> Iterator[Problem]:
    """What is not by hand stays until it is on a draft and may be edited: runs hold it against what was agreed."""
    named = {spec.line_id: (number, spec) for number, spec in enumerate(edit.lines)}
    for line in staged.lines:
        if _is_editable(line):
            continue
        if line.id not in named:
            message = f"line {line.id} ({line.name}) is left out and not by hand: it can be taken off its draft"
            yield Problem("/lines", "line_not_by_hand", message)
        elif differs(line, named[line.id][1]):
            message = "it is not by hand, and stays as it is shown until it is on a draft"
            yield Problem(f"/lines/{named[line.id][0]}", "line_not_by_hand", message)


def _is_editable(line: Line) -> bool:
    """Whether a caller added it, and nothing of what it charges for was billed before."""
    return is_by_hand(line) and line.whole_period is None and not is_late(line.key)
