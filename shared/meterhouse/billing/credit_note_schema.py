"""Credit notes on the wire; the contract has a place for them and no schema, so they are in its style."""

from typing import Annotated

from pydantic import Field

from meterhouse.billing.app import Accepted, Refused
from meterhouse.billing.credit_note import TAXES, CreditNote, NoteLine, NoteState, Refund
from meterhouse.billing.crediting import LineWanted, NoteWanted
from meterhouse.billing.invoice_wire import period_to_wire
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.rounding import EXACT
from meterhouse.platform.wire import Instant, Numeric, PeriodWire, Ulid, Whole, Wire

_Reason = Annotated[str, Field(min_length=1, max_length=1024)]


class NoteLineCreate(Wire):
    line_id: Ulid
    amount: Numeric | None = None


class CreditNoteCreate(Wire):
    """Neither `amount` nor `lines`: all that is left of the invoice. Amounts include taxes."""

    reason: _Reason
    refund: Refund = Refund.NONE
    amount: Numeric | None = None
    lines: Annotated[list[NoteLineCreate], Field(min_length=1, max_length=1000)] | None = None


class GivenBackWire(Wire):
    """What a system that pays back itself says of a note: done, under a name of its own, or not, and why.

    `attempt`: the one of the note that it tells of; what is said of one that is over changes nothing.
    """

    external_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    failure: _Reason | None = None
    attempt: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None


class NotePartWire(Wire):
    """`key` is that of the line's detailed line."""

    key: str
    amount: Numeric


class UnusedWire(Wire):
    """Time that was paid in advance and is not served; `amount` is its price for a full period."""

    period: PeriodWire
    amount: Numeric


class NoteLineWire(Wire):
    """`creditsTotal` goes back to the credit that bore the line, beside the `total` in money."""

    line_id: Ulid
    amount: Numeric
    taxes_inclusive: Numeric
    taxes_exclusive: Numeric
    total: Numeric
    parts: list[NotePartWire]
    credits_total: Numeric
    unused: list[UnusedWire] | None = None


class CreditNoteWire(Wire):
    id: Ulid
    type: str = "credit_note"
    number: str
    invoice_id: Ulid
    customer_id: Ulid
    currency: str
    reason: str
    refund: Refund
    status: NoteState
    is_automatic: bool
    credit_grant_id: Ulid | None = None
    taxes_total: Numeric
    total: Numeric
    credits_total: Numeric
    lines: list[NoteLineWire]
    issued_at: Instant
    voided_at: Instant | None = None
    updated_at: Instant
    attempt: int
    external_id: str | None = None
    failure: str | None = None


def wanted_of(body: CreditNoteCreate) -> NoteWanted:
    lines = None if body.lines is None else [LineWanted(line.line_id, line.amount) for line in body.lines]
    return NoteWanted(body.reason, body.refund, body.amount, lines)


def answer_of(body: GivenBackWire) -> Accepted | Refused:
    """What was said; raises `InvalidInput` where it is said to have failed, and how it is called as it did not."""
    if body.failure is not None and body.external_id is not None:
        fault = Problem("/failure", "contradiction", "what has an external id was given back: it did not fail")
        raise InvalidInput("what is said of the note contradicts itself", [fault])
    return Accepted(external_id=body.external_id) if body.failure is None else Refused("reported", body.failure)


def note_to_wire(note: CreditNote) -> CreditNoteWire:
    return CreditNoteWire(
        id=note.id,
        number=note.number,
        invoice_id=note.invoice_id,
        customer_id=note.customer_id,
        currency=note.currency,
        reason=note.reason,
        refund=note.refund,
        status=note.state,
        is_automatic=note.is_automatic,
        credit_grant_id=note.grant_id,
        taxes_total=note.taxes,
        total=note.total,
        credits_total=note.credits,
        lines=[note_line_to_wire(line) for line in note.lines],
        issued_at=note.issued_at,
        voided_at=note.voided_at,
        updated_at=note.updated_at,
        attempt=note.attempt,
        external_id=note.external_id,
        failure=note.failure,
    )


def note_line_to_wire(line: NoteLine) -> NoteLineWire:
    return NoteLineWire(
        line_id=line.line_id,
        amount=EXACT.subtract(line.total, line.taxes_exclusive),
        taxes_inclusive=line.taxes_inclusive,
        taxes_exclusive=line.taxes_exclusive,
        total=line.total,
        parts=[NotePartWire(key=key, amount=amount) for key, amount in line.parts if key != TAXES],
        credits_total=line.credits,
        unused=[UnusedWire(period=period_to_wire(period), amount=amount) for period, amount in line.unused] or None,
    )
