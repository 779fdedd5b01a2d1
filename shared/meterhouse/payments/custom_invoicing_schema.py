"""What a system of the caller's own says of invoices, as the contract writes it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic.alias_generators import to_camel

from meterhouse.billing.app import Accepted, LineTax
from meterhouse.billing.invoice import PAYMENT
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.repeats import repeats
from meterhouse.platform.wire import MOST_ENTRIES, Instant, Numeric, Ulid, Whole, Wire, as_utc

InvoiceNumber = Annotated[str, StringConstraints(min_length=1, max_length=256)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class LineExternalId(Wire):
    line_id: Ulid
    external_id: ExternalId


class DiscountExternalId(Wire):
    line_discount_id: Ulid
    external_id: ExternalId


class LineTaxes(Wire):
    """What taxes a line has, an extension of ours: `inclusive` its amount holds already, `exclusive` comes on top."""

    line_id: Ulid
    inclusive: Numeric = Decimal(0)
    exclusive: Numeric = Decimal(0)


class SyncResult(Wire):
    invoice_number: InvoiceNumber | None = None
    external_id: ExternalId | None = None
    line_external_ids: Annotated[Sequence[LineExternalId], Field(max_length=MOST_ENTRIES)] = ()
    line_discount_external_ids: Annotated[Sequence[DiscountExternalId], Field(max_length=MOST_ENTRIES)] = ()
    line_taxes: Annotated[Sequence[LineTaxes], Field(max_length=MOST_ENTRIES)] = ()


class DraftSynchronized(Wire):
    invoicing: SyncResult = SyncResult()


class FinalizedInvoicing(Wire):
    invoice_number: InvoiceNumber | None = None
    sent_to_customer_at: Instant | None = None


class FinalizedPayment(Wire):
    external_id: ExternalId | None = None


class IssuingSynchronized(Wire):
    invoicing: FinalizedInvoicing = FinalizedInvoicing()
    payment: FinalizedPayment = FinalizedPayment()


class PaymentTrigger(StrEnum):
    PAID = "paid"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_UNCOLLECTIBLE = "payment_uncollectible"
    PAYMENT_OVERDUE = "payment_overdue"
    ACTION_REQUIRED = "action_required"
    VOID = "void"


class PaymentStatus(Wire):
    """`attempt`, an extension of ours: the `paymentAttempt` that the events of the invoice named."""

    trigger: PaymentTrigger
    attempt: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None


def draft_answer(wire: DraftSynchronized) -> Accepted:
    """What the system says of the draft.

    Raises:
        InvalidInput: something is said of one line, or of one discount, twice.
    """
    said = wire.invoicing
    problems = list(_repeated(said))
    if problems:
        raise InvalidInput("what is said of a part of the invoice is said once", problems)
    lines = {one.line_id: one.external_id for one in said.line_external_ids}
    discounts = {one.line_discount_id: one.external_id for one in said.line_discount_external_ids}
    taxes = {one.line_id: LineTax(one.inclusive, one.exclusive) for one in said.line_taxes}
    return Accepted(said.invoice_number, said.external_id, {**lines, **discounts}, taxes=taxes)


def _repeated(said: SyncResult) -> Iterator[Problem]:
    lines = [("lineExternalIds", "line", number, one.line_id) for number, one in enumerate(said.line_external_ids)]
    discounts = [
        ("lineDiscountExternalIds", "line_discount", number, one.line_discount_id)
        for number, one in enumerate(said.line_discount_external_ids)
    ]
    taxes = [("lineTaxes", "line", number, one.line_id) for number, one in enumerate(said.line_taxes)]
    # what a line and a discount are called is kept in one place, by their ids
    for named in ([*lines, *discounts], taxes):
        for place in repeats(part_id for *_, part_id in named):
            field, part, number, _ = named[place]
            pointer = f"/invoicing/{field}/{number}/{to_camel(part)}Id"
            yield Problem(pointer, f"duplicate_{part}", "an earlier entry names this one")


def issuing_answer(wire: IssuingSynchronized) -> Accepted:
    payment = {} if wire.payment.external_id is None else {PAYMENT: wire.payment.external_id}
    said = wire.invoicing
    return Accepted(said.invoice_number, external_ids=payment, sent_to_customer_at=as_utc(said.sent_to_customer_at))


def outcome_of(trigger: PaymentTrigger) -> Trigger:
    return Trigger.FAILED if trigger is PaymentTrigger.PAYMENT_FAILED else Trigger(trigger.value)
