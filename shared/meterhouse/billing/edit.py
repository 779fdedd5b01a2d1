"""What an edit by hand makes of a draft: its parties and terms, and lines changed, added and taken off."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from datetime import datetime

from meterhouse.billing.collection import bills_full, scheduled, with_lines
from meterhouse.billing.invoice import NOTHING, Invoice, Line, ManagedBy, in_order
from meterhouse.billing.line_spec import LineSpec, feature_id_of, is_by_hand, manual_line, problems_of
from meterhouse.billing.profile import CollectionMethod, EndProration, Party, Workflow
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.duration import Duration
from meterhouse.kernel.errors import Problem, Problems
from meterhouse.kernel.period import Period


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a workflow that an edit decides."""

    auto_advance: bool
    draft_period: Duration
    due_after: Duration
    end_proration: EndProration
    default_tax_config: Mapping[str, object] | None
    collection_method: CollectionMethod

    def put_into(self, workflow: Workflow) -> Workflow:
        return replace(workflow, **{field.name: getattr(self, field.name) for field in fields(self)})


_OF_USAGE = frozenset({"rate_card_feature_required", "invoice_at_before_end"})
"""What is asked of lines for usage: the units that credit left of a line are known, and no meter is read for them."""
TERMS = frozenset(one.name for one in fields(Terms))


@dataclass(frozen=True, slots=True)
class Edit:
    """All that a caller decides about a draft or a gathering invoice; lines it does not name are taken off.

    `said`: which of the terms the caller wrote; the others have the contract's defaults.
    """

    supplier: Party
    customer: Party
    terms: Terms
    lines: Sequence[LineSpec]
    description: str | None
    metadata: Mapping[str, str]
    said: AbstractSet[str] = TERMS


@dataclass(frozen=True, slots=True)
class Edited:
    """The invoice after an edit; its lines that are new, changed and taken off."""

    invoice: Invoice
    added: tuple[Line, ...]
    changed: tuple[Line, ...]
    removed: tuple[Line, ...]


def recognised(invoice: Invoice, edit: Edit) -> Edit:
    """The edit where new lines that say what lines by hand, not named, say already are those: a repeat adds none."""
    named = {spec.line_id for spec in edit.lines}
    unnamed = [line for line in invoice.lines if line.id not in named and is_by_hand(line)]
    lines: list[LineSpec] = []
    for spec in edit.lines:
        same = None if spec.line_id else next((line for line in unnamed if not differs(line, spec)), None)
        if same is not None:
            unnamed.remove(same)
        lines.append(spec if same is None else replace(spec, line_id=same.id))
    return replace(edit, lines=lines)


def edit_problems(
    invoice: Invoice, edit: Edit, known: KnownFeatures, elsewhere: Mapping[str, Line] | None = None
) -> Iterator[Problem]:
    """What is wrong with the edit's lines; one that stays as it is is never at fault.

    `elsewhere`: those of its customer, by id, that the edit names and the invoice does not have.
    """
    lines = {line.id: line for line in invoice.lines}
    named: set[str] = set()
    for number, spec in enumerate(edit.lines):
        at = f"/lines/{number}"
        if spec.line_id is None:
            yield from problems_of(spec, known, at)
        elif spec.line_id in named:
            yield Problem(f"{at}/id", "duplicate_line", "an earlier line has this id")
        elif spec.line_id not in lines:
            yield _not_on_it((elsewhere or {}).get(spec.line_id), f"{at}/id")
        else:
            yield from _changed_problems(lines[spec.line_id], spec, known, at)
        named |= {spec.line_id} if spec.line_id else set()


def edited(invoice: Invoice, edit: Edit, known: KnownFeatures, new_id: Callable[[], str], now: datetime) -> Edited:
    """The draft as the edit, which is sound, wants it; `invoice` itself where that is how it is already."""
    before = {line.id: line for line in invoice.lines}
    added = [_added(invoice, spec, known, new_id(), now) for spec in edit.lines if spec.line_id is None]
    workflow = edit.terms.put_into(invoice.workflow)
    kept = [
        line_as(before[spec.line_id], spec, known, workflow, now) for spec in edit.lines if spec.line_id is not None
    ]
    wanted = {line.id for line in kept}
    removed = [replace(line, deleted_at=now, updated_at=now) for line in invoice.lines if line.id not in wanted]
    after = replace(
        invoice,
        supplier=replace(edit.supplier, id=invoice.supplier.id),
        customer=replace(edit.customer, id=invoice.customer.id),
        workflow=workflow,
        description=edit.description,
        metadata=edit.metadata,
    )
    changed = [line for line in kept if line != before[line.id]]
    if after != invoice or added or changed or removed:
        after = scheduled(with_lines(after, in_order([*kept, *added])), after.created_at)
    return Edited(after, tuple(added), tuple(changed), tuple(removed))


def _added(invoice: Invoice, spec: LineSpec, known: KnownFeatures, line_id: str, now: datetime) -> Line:
    return replace(manual_line(spec, line_id, invoice, known, now), is_pending=False)


def refuse_faulty(found: Iterable[Problem]) -> None:
    """Raises `InvalidInput` with what is wrong with an edit, if anything is."""
    problems = Problems()
    for problem in found:
        problems.add(problem.field, problem.code, problem.message)
    problems.raise_if_any("the invoice cannot become so")


def _not_on_it(line: Line | None, at: str) -> Problem:
    """A new line in the place of one that is billed elsewhere would charge twice: the caller is told where that is."""
    if line is None:
        return Problem(at, "unknown_line", "the invoice has no such line: leave the id out for a new one")
    if line.deleted_at is not None:
        return Problem(at, "line_taken_off", "it was taken off: leave the id out for a new one")
    if not line.is_invoiced:
        return Problem(at, "line_on_no_invoice", "credit alone settles it, or it is in units: no invoice has it")
    return Problem(at, "line_on_another_invoice", f"it is on invoice {line.invoice_id}")


def _changed_problems(line: Line, spec: LineSpec, known: KnownFeatures, at: str) -> Iterator[Problem]:
    if not differs(line, spec):
        return
    if line.grant_id is not None:
        yield Problem(at, "credit_purchase", "a line that pays for credit stays as it is, or is taken off")
    if line.whole_period is not None and _is_charged_otherwise(line, spec):
        message = "it charges for a period together with others: its period, price, feature and discounts stay"
        yield Problem(at, "line_is_part_of_a_period", message)
    # what was sold stays sold: the line keeps its feature, whatever became of its key meanwhile
    keeps = _keeps_feature(line, spec) and (line.rate_card.is_metered or not spec.card.is_metered)
    sold = f"{at}{spec.card_field}/featureKey"
    for problem in problems_of(spec, known, at):
        is_sold = keeps and problem.field == sold
        if not is_sold and not (line.overage is not None and problem.code in _OF_USAGE):
            yield problem


def line_as(line: Line, spec: LineSpec, known: KnownFeatures, workflow: Workflow, now: datetime) -> Line:
    """The line as wanted, on an invoice of this workflow.

    Once it is another than it was it is nobody's but the callers', and to be rated again.
    """
    if not differs(line, spec):
        return line
    return replace(
        _repriced(line, spec, workflow),
        name=spec.name,
        rate_card=_card(line.rate_card, spec),
        feature_id=line.feature_id if _keeps_feature(line, spec) else feature_id_of(spec, known),
        invoice_at=spec.invoice_at,
        managed_by=ManagedBy.MANUAL,
        quantity=None,
        totals=NOTHING,
        detailed=(),
        trace=None,
        updated_at=now,
    )


def differs(line: Line, spec: LineSpec) -> bool:
    said = (spec.name, spec.start, spec.end, spec.invoice_at, _card(line.rate_card, spec))
    period = line.service_period
    return said != (line.name, period.start, period.end, line.invoice_at, line.rate_card)


def _is_charged_otherwise(line: Line, spec: LineSpec) -> bool:
    card, period = line.rate_card, line.service_period
    charged = (spec.start, spec.end, spec.price, spec.feature_key, spec.discounts)
    return charged != (period.start, period.end, card.price, card.feature_key, card.discounts)


def _repriced(line: Line, spec: LineSpec, workflow: Workflow) -> Line:
    """Proration belongs to the agreed price and period: where either is another, it is charged as it is written.

    A whole period is charged as it is written in any case: it stays prorated, for what may be taken off later.
    """
    period = Period(spec.start, spec.end)
    is_whole = line.service_period == line.full_service_period
    if period == line.service_period and (is_whole or spec.price == line.rate_card.price):
        return line
    return replace(
        line,
        service_period=period,
        full_service_period=period,
        is_prorated=False,
        is_terminal=False,
        agreed_end=line.agreed_end or _agreed_end(line, workflow),
    )


def _agreed_end(line: Line, workflow: Workflow) -> datetime | None:
    """Until when its subscription asks for the fee now; what is charged in full it asks for up to the full end.

    None where callers wrote its price or period before: what it carries is theirs, and says nothing of what was agreed.
    """
    is_as_written = line.managed_by is ManagedBy.MANUAL and not line.is_prorated
    if line.subscription is None or line.rate_card.is_metered or is_as_written:
        return None
    is_full = bills_full(line, workflow) or not line.is_prorated
    return (line.full_service_period if is_full else line.service_period).end


def _card(card: RateCard, spec: LineSpec) -> RateCard:
    is_same = card.price == spec.price
    converts = type(card.price) is type(spec.price) and card.feature_key == spec.feature_key
    return replace(
        card,
        type=card.type if is_same else spec.card.type,
        price=spec.price,
        feature_key=spec.feature_key,
        discounts=spec.discounts,
        unit_config=card.unit_config if converts else None,
        tax_config=spec.tax_config,
        description=spec.description,
        metadata=spec.metadata,
    )


def _keeps_feature(line: Line, spec: LineSpec) -> bool:
    return spec.feature_key is not None and spec.feature_key == line.rate_card.feature_key
