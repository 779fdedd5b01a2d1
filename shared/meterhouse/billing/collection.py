"""From pending lines to drafts, and from drafts and quantities to rated invoices."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from meterhouse.billing.drive import Driven, noticed
from meterhouse.billing.invoice import NOTHING, Invoice, Issue, Line, ManagedBy, Severity, draft_number, in_order
from meterhouse.billing.line_keys import is_part
from meterhouse.billing.profile import EndProration, Party, Profile, Workflow
from meterhouse.billing.state import InvoiceState, Trigger, target_of
from meterhouse.catalog.price import FlatPrice
from meterhouse.customers.model import Customer
from meterhouse.kernel.changed import made, replace
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.period import Period, share
from meterhouse.rating.conventions import CutPeriod
from meterhouse.rating.corrections import Correction
from meterhouse.rating.line import RatedLine
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import Usage

_NONE, _ONE = Decimal(0), Decimal(1)
_WHOLE = Fraction(1)
_APP_METADATA = "openmeter.io/"
NO_COST_BASIS = "no_cost_basis"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a line's quantity cannot be known."""

    code: str
    message: str


Quantities = Mapping[str, Decimal | Missing]
"""Units used in the service period, or why they are not known, by line id."""

RateLine = Callable[[Line, Decimal, Workflow, datetime], Line]
"""A line with its amounts, from its quantity."""


def aligned(due: Iterable[Line], profiles: Mapping[str, Profile], as_of: datetime) -> list[Line]:
    """The lines that a run at `as_of` collects: where a profile has edges of its own, those due at its last edge."""
    workflows = {customer_id: profile.spec.workflow for customer_id, profile in profiles.items()}
    return [line for line in due if line.invoice_at <= collects_up_to(workflows[line.customer_id], as_of)]


def next_collection_at(lines: Iterable[Line], workflow: Workflow) -> datetime | None:
    """When the first of pending lines will be collected; None where there is none."""
    first = min((line.invoice_at for line in lines), default=None)
    return first if first is None or workflow.anchored is None else workflow.anchored.next(first)


def drafts(
    due: Iterable[Line],
    customers: Mapping[str, Customer],
    profiles: Mapping[str, Profile],
    as_of: datetime,
    now: datetime,
    most_lines: int | None = None,
) -> list[Invoice]:
    """One draft, made as of `as_of`, for each customer, on its profile, and currency; `due` comes in that order.

    Where it would have more than `most_lines`, what is due after these is on further ones: of one instant in the order
    that the lines would have on one.
    """
    grouped = groupby(due, key=lambda line: (line.customer_id, line.billed_in))
    return [
        _draft(customers[owner], part, profiles[owner], as_of, now)
        for (owner, _), lines in grouped
        for part in _parts(tuple(lines), most_lines)
    ]


def _parts(lines: tuple[Line, ...], most: int | None) -> Iterator[tuple[Line, ...]]:
    if most is None or len(lines) <= most:
        yield lines
        return
    ordered = tuple(sorted(lines, key=lambda line: (line.invoice_at, line.place)))
    for start in range(0, len(ordered), most):
        yield ordered[start : start + most]


def gathering(customer: Customer, currency_code: str, invoice_id: str, profile: Profile, now: datetime) -> Invoice:
    """The staging invoice of a customer in a currency."""
    return made(
        Invoice,
        id=invoice_id,
        number=f"GATHER-{invoice_id}",
        state=InvoiceState.GATHERING,
        customer=party_of(customer),
        subject_keys=customer.usage_subjects,
        currency=currency_code,
        profile_id=profile.id,
        app_id=profile.app_id,
        supplier=profile.spec.supplier,
        workflow=profile.spec.workflow,
        metadata={},
        external_ids={},
        created_at=now,
        updated_at=now,
    )


def waiting(invoice: Invoice, at: datetime) -> Driven:
    """A new draft goes to where it waits for late usage; any other invoice stays where it is."""
    driven = Driven(invoice)
    return driven.must_fire(Trigger.NEXT, at) if invoice.state is InvoiceState.DRAFT_CREATED else driven


def is_collectable(invoice: Invoice, at: datetime) -> bool:
    """Whether its quantities are wanted at `at`; those of a draft that lacks one are asked for again."""
    if invoice.state is InvoiceState.DRAFT_INVALID:
        return invoice.quantity_snapshotted_at is None
    if invoice.state is InvoiceState.DRAFT_COLLECTING:
        return True
    return target_of(invoice.state, Trigger.NEXT, invoice.holding(at)) is InvoiceState.DRAFT_COLLECTING


def collected(
    driven: Driven, quantities: Quantities, at: datetime, now: datetime, rate_line: RateLine | None = None
) -> Driven:
    """A collectable invoice with its lines rated, to be validated; or invalid, where a quantity is not known."""
    missing = missing_of(driven.invoice, quantities)
    is_again = driven.invoice.state is InvoiceState.DRAFT_INVALID
    missing = noticed(missing, driven.invoice.issues, at)
    if missing and is_again:
        known = driven.invoice.issues
        return driven if missing == known else driven.over(replace(driven.invoice, issues=missing))
    is_collecting = driven.invoice.state is InvoiceState.DRAFT_COLLECTING
    collecting = driven if is_again or is_collecting else driven.must_fire(Trigger.NEXT, at)
    if missing:
        failed = collecting.over(replace(collecting.invoice, issues=missing))
        return failed.must_fire(Trigger.FAILED, at, missing[0].message)
    done = collecting.over(_rated(collecting.invoice, quantities, now, rate_line or rated))
    return done.must_fire(Trigger.RETRY if is_again else Trigger.NEXT, at)


def rated(line: Line, quantity: Decimal, workflow: Workflow, now: datetime) -> Line:
    """The line with its amounts and their trace."""
    return with_result(line, quantity, rate(usage_of(line, quantity, workflow)), now)


def with_result(line: Line, quantity: Decimal, result: RatedLine | Correction, now: datetime) -> Line:
    """The line with what rating this quantity came to, as if nobody else charged for its full period."""
    return replace(
        line,
        quantity=quantity,
        quantity_before=_NONE,
        totals=result.totals,
        detailed=result.detailed_lines,
        trace=result.trace.document(),
        is_taxed=False,
        updated_at=now,
    )


def usage_of(line: Line, quantity: Decimal, workflow: Workflow) -> Usage:
    """What a line that used `quantity` metered units is rated from; it alone charges for its full period.

    Raises:
        InvariantBroken: a line without a price.
    """
    card = line.rate_card
    if card.price is None:
        raise InvariantBroken(f"line {line.key} has no price")
    return Usage(
        name=line.name,
        price=card.price,
        currency=line.unit,
        service_period=line.service_period,
        quantity=quantity,
        share=_committed_share(line, workflow) if line.is_metered else share_of(line, workflow),
        discounts=card.discounts,
        unit_config=card.unit_config,
        conventions=workflow.conventions,
        price_version=_price_version(line),
    )


def quantity_of(line: Line, quantities: Quantities) -> Decimal | Missing:
    """What it charges for: units used; one of what is not metered; of an overage the units that credit left."""
    if line.is_metered:
        return quantities[line.id]
    if line.overage is None:
        return _ONE
    if line.rate_card.price is None:
        return Missing(NO_COST_BASIS, unsaid(line.overage.currency, line.currency))
    return line.overage.units


def unsaid(currency_code: str, fiat_code: str) -> str:
    """Why units cannot be charged for."""
    return f"nobody said what {currency_code} is worth in {fiat_code}"


def with_lines(invoice: Invoice, lines: Sequence[Line]) -> Invoice:
    """The invoice over these lines: its totals and its period follow from them."""
    totals = sum((line.totals for line in lines), start=NOTHING)
    return replace(invoice, lines=tuple(lines), totals=totals, period=_span(lines))


def scheduled(invoice: Invoice, made_at: datetime) -> Invoice:
    """The draft with the instants that follow from its lines; one without lines keeps its end.

    Its draft period begins when it was made at the earliest: else that of what was due long ago would be over by then.
    """
    workflow = invoice.workflow
    metered = [line.invoice_at for line in invoice.lines if line.is_metered]
    collection_at = workflow.collection_interval.after(max(metered)) if metered else None
    since = collection_at or max((line.invoice_at for line in invoice.lines), default=None)
    draft_until = invoice.draft_until if since is None else workflow.draft_period.after(max(since, made_at))
    return replace(invoice, collection_at=collection_at, draft_until=draft_until)


def party_of(customer: Customer) -> Party:
    return Party(id=customer.id, key=customer.key, name=customer.name, address=customer.details.billing_address)


def _draft(customer: Customer, lines: tuple[Line, ...], profile: Profile, as_of: datetime, now: datetime) -> Invoice:
    first = min(line.invoice_at for line in lines)
    invoice_id = derived_ulid(first, "invoice", customer.id, *sorted(line.id for line in lines), beside=customer.id)
    made = replace(
        gathering(customer, lines[0].billed_in, invoice_id, profile, now),
        number=draft_number(invoice_id),
        state=InvoiceState.DRAFT_CREATED,
        metadata=_inherited(customer),
    )
    moved = [replace(line, invoice_id=invoice_id, is_pending=False, updated_at=now) for line in in_order(lines)]
    return scheduled(with_lines(made, moved), as_of)


def collects_up_to(workflow: Workflow, as_of: datetime) -> datetime:
    """A run at `as_of` collects what was due by then: at the profile's last edge, if it has edges of its own."""
    return as_of if workflow.anchored is None else workflow.anchored.latest(as_of)


def _inherited(customer: Customer) -> dict[str, str]:
    metadata = customer.details.metadata or {}
    return {name: value for name, value in metadata.items() if name.startswith(_APP_METADATA)}


def _rated(invoice: Invoice, quantities: Quantities, now: datetime, rate_line: RateLine) -> Invoice:
    lines = [rate_line(line, _known(quantities, line), invoice.workflow, now) for line in invoice.lines]
    return replace(with_lines(invoice, lines), quantity_snapshotted_at=now, issues=())


def share_of(line: Line, workflow: Workflow) -> Fraction:
    """What part of a flat price is due; where the profile says so, a subscription's last period counts in full.

    Of what was charged in part before, the rest of the full period is left.
    """
    if not line.is_prorated or not isinstance(line.rate_card.price, FlatPrice):
        return _WHOLE
    served, full = line.service_period, line.full_service_period
    if not bills_full(line, workflow):
        return share(served, full)
    return share(Period(served.start, full.end), full) if is_part(line.key) else _WHOLE


def _committed_share(line: Line, workflow: Workflow) -> Fraction:
    """What part of its commitments usage has, where the profile's conventions prorate them; flat prices have none."""
    is_whole = workflow.conventions.commitments_of_a_cut_period is CutPeriod.WHOLE
    if bills_full(line, workflow) or is_whole or not line.is_prorated:
        return _WHOLE
    return share(line.whole_period or line.service_period, line.full_service_period)


def _price_version(line: Line) -> str:
    """Which agreement the price is of; of an overage what a unit is worth, and since when."""
    worth = line.overage
    if worth is None or worth.effective_from is None or line.managed_by is ManagedBy.MANUAL:
        return line.key.partition("/period[")[0]
    return f"cost_basis/{worth.cost_basis_id}@{format_rfc3339(worth.effective_from)}"


def bills_full(line: Line, workflow: Workflow) -> bool:
    """Whether the period that the subscription's own end cuts is charged in full."""
    return line.is_terminal and workflow.end_proration is EndProration.BILL_FULL_PERIOD


def _known(quantities: Quantities, line: Line) -> Decimal:
    quantity = quantity_of(line, quantities)
    if isinstance(quantity, Missing):
        raise InvariantBroken(f"line {line.key} is rated without its quantity")
    return quantity


def missing_of(invoice: Invoice, quantities: Quantities) -> tuple[Issue, ...]:
    """Why quantities of the invoice's lines are not known."""
    found = []
    for number, line in enumerate(invoice.lines):
        quantity = quantity_of(line, quantities)
        if isinstance(quantity, Missing):
            message = f"line {line.key}: {quantity.message}"
            found.append(Issue(Severity.CRITICAL, quantity.code, "meterhouse", message, f"/lines/{number}"))
    return tuple(found)


def _span(lines: Collection[Line]) -> Period | None:
    if not lines:
        return None
    periods = [line.service_period for line in lines]
    return Period(min(period.start for period in periods), max(period.end for period in periods))
