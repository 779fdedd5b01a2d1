"""Invoices and their lines as the contract writes them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from meterhouse.billing.app_schema import AppsWire
from meterhouse.billing.discount_wire import BillingDiscounts, LineDiscountsWire, PartExternalIds
from meterhouse.billing.line_spec import OUT_OF_RANGE, is_in_range
from meterhouse.billing.schema import PartyWire, WorkflowWire
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.price_schema import FlatPriceWithPaymentTerm, PriceWire
from meterhouse.catalog.schema import TaxConfig
from meterhouse.customers.schema import UsageAttributionWire
from meterhouse.platform.wire import (
    Entries,
    Flag,
    Instant,
    JsonNumber,
    Metadata,
    Numeric,
    PeriodWire,
    Resource,
    Ulid,
    Wire,
)

_ALL = 100


def _whole(value: Decimal) -> Decimal:
    if value != _ALL:
        raise PydanticCustomError("not_supported_yet", "voiding a part is not supported yet: use 100")
    return value


def _in_range(instant: datetime) -> datetime:
    if not is_in_range(instant):
        raise PydanticCustomError("out_of_range", OUT_OF_RANGE)
    return instant


_InRange = Annotated[Instant, AfterValidator(_in_range)]


class InvoiceStatus(StrEnum):
    GATHERING = "gathering"
    DRAFT = "draft"
    ISSUING = "issuing"
    ISSUED = "issued"
    PAYMENT_PROCESSING = "payment_processing"
    OVERDUE = "overdue"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOIDED = "voided"


class InvoiceExpand(StrEnum):
    LINES = "lines"
    PRECEDING = "preceding"
    WORKFLOW_APPS = "workflow.apps"


class TotalsWire(Wire):
    amount: Numeric
    charges_total: Numeric
    discounts_total: Numeric
    credits_total: Numeric
    taxes_inclusive_total: Numeric
    taxes_exclusive_total: Numeric
    taxes_total: Numeric
    total: Numeric


class InvoiceCustomerWire(PartyWire):
    usage_attribution: UsageAttributionWire


class AvailableAction(Wire):
    resulting_state: InvoiceState


class AvailableInvoiceAction(Wire):
    """Of a gathering invoice: its due lines can be invoiced."""


class AvailableActions(Wire):
    advance: AvailableAction | None = None
    approve: AvailableAction | None = None
    delete: AvailableAction | None = None
    retry: AvailableAction | None = None
    snapshot_quantities: AvailableAction | None = None
    void: AvailableAction | None = None
    invoice: AvailableInvoiceAction | None = None


class StatusDetails(Wire):
    immutable: bool
    failed: bool
    extended_status: InvoiceState
    available_actions: AvailableActions


class InvoiceWorkflowWire(Wire):
    apps: AppsWire | None = None
    source_billing_profile_id: Ulid
    workflow: WorkflowWire


class DueDate(Wire):
    due_at: Instant
    amount: Numeric
    currency: str


class DueDateTerms(Wire):
    type: Literal["due_date"] = "due_date"
    due_at: list[DueDate]


class PaymentWire(Wire):
    terms: DueDateTerms


class IssueWire(Resource):
    severity: str
    field: str | None = None
    code: str
    component: str
    message: str


class ExternalIds(Wire):
    invoicing: str | None = None
    payment: str | None = None


class Identified(Wire):
    id: Ulid


class LineInvoice(Wire):
    id: Ulid
    number: str | None = None


class LineSubscription(Wire):
    subscription: Identified
    phase: Identified
    item: Identified
    billing_period: PeriodWire


class LineRateCard(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"price"})

    feature_key: str | None = None
    tax_config: TaxConfig | None = None
    price: PriceWire | None
    discounts: BillingDiscounts | None = None


class DetailedRateCard(Wire):
    price: FlatPriceWithPaymentTerm
    quantity: Numeric
    tax_config: TaxConfig | None = None


class CreditAllocationWire(Wire):
    amount: Numeric
    description: str | None = None


class LineTaxItem(Wire):
    config: TaxConfig | None = None
    behavior: Literal["inclusive", "exclusive"]


class DetailedLineWire(Resource):
    name: str
    type: Literal["flat_fee"] = "flat_fee"
    managed_by: Literal["system"] = "system"
    status: Literal["detailed"] = "detailed"
    category: str
    discounts: LineDiscountsWire | None = None
    external_ids: PartExternalIds | None = None
    credit_allocations: list[CreditAllocationWire] | None = None
    invoice: LineInvoice
    currency: str
    taxes: list[LineTaxItem] | None = None
    totals: TotalsWire
    period: PeriodWire
    invoice_at: Instant
    subscription: LineSubscription | None = None
    tax_config: TaxConfig | None = None
    per_unit_amount: Numeric
    quantity: Numeric
    payment_term: str
    rate_card: DetailedRateCard


class LineWire(Resource):
    name: str
    type: Literal["usage_based"] = "usage_based"
    description: str | None = None
    metadata: Metadata | None = None
    managed_by: str
    status: Literal["valid"] = "valid"
    discounts: LineDiscountsWire | None = None
    external_ids: PartExternalIds | None = None
    credit_allocations: list[CreditAllocationWire] | None = None
    invoice: LineInvoice
    currency: str
    taxes: list[LineTaxItem] | None = None
    totals: TotalsWire
    period: PeriodWire
    invoice_at: Instant
    subscription: LineSubscription | None = None
    tax_config: TaxConfig | None = None
    feature_key: str | None = None
    price: PriceWire | None = None
    rate_card: LineRateCard
    quantity: Numeric | None = None
    metered_quantity: Numeric | None = None
    pre_line_period_quantity: Numeric | None = None
    metered_pre_line_period_quantity: Numeric | None = None
    children: list[DetailedLineWire]


class InvoiceWire(Resource):
    type: Literal["standard"] = "standard"
    number: str
    currency: str
    customer: InvoiceCustomerWire
    supplier: PartyWire
    status: InvoiceStatus
    status_details: StatusDetails
    totals: TotalsWire
    workflow: InvoiceWorkflowWire
    description: str | None = None
    metadata: Metadata | None = None
    period: PeriodWire | None = None
    issued_at: Instant | None = None
    due_at: Instant | None = None
    draft_until: Instant | None = None
    collection_at: Instant | None = None
    quantity_snapshoted_at: Instant | None = None
    voided_at: Instant | None = None
    sent_to_customer_at: Instant | None = None
    lines: list[LineWire] | None = None
    preceding: list[Identified] | None = None
    payment: PaymentWire | None = None
    validation_issues: list[IssueWire] | None = None
    external_ids: ExternalIds | None = None


class PendingLinesFilters(Wire):
    line_ids: Entries[Ulid] | None = None


class PendingLinesAction(Wire):
    customer_id: Ulid
    as_of: _InRange | None = None
    filters: PendingLinesFilters | None = None
    progressive_billing_override: Flag | None = None


class DiscardLine(Wire):
    type: Literal["discard"]


class PendingLine(Wire):
    type: Literal["pending"]
    next_invoice_at: _InRange | None = None


class VoidAction(Wire):
    percentage: Annotated[JsonNumber, AfterValidator(_whole)]
    action: Annotated[DiscardLine | PendingLine, Field(discriminator="type")]


class VoidOverride(Wire):
    line_id: Ulid
    action: VoidAction


class VoidInvoice(Wire):
    action: VoidAction
    reason: str
    overrides: Entries[VoidOverride] | None = None
