"""From invoices to their picture on the wire."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from meterhouse.billing.app_schema import apps_to_wire
from meterhouse.billing.discount_wire import (
    amount_discounts,
    discounts_to_line,
    part_external_ids,
    usage_discounts,
)
from meterhouse.billing.external_ids import detailed_id
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.invoice import PAYMENT, CreditAllocation, Invoice, Issue, Line
from meterhouse.billing.invoice_schema import (
    AvailableAction,
    AvailableActions,
    AvailableInvoiceAction,
    CreditAllocationWire,
    DetailedLineWire,
    DetailedRateCard,
    DueDate,
    DueDateTerms,
    ExternalIds,
    Identified,
    InvoiceCustomerWire,
    InvoiceExpand,
    InvoiceStatus,
    InvoiceWire,
    InvoiceWorkflowWire,
    IssueWire,
    LineInvoice,
    LineRateCard,
    LineSubscription,
    LineTaxItem,
    LineWire,
    PaymentWire,
    StatusDetails,
    TotalsWire,
)
from meterhouse.billing.schema import (
    party_fields,
    party_to_wire,
    workflow_to_wire,
)
from meterhouse.billing.service import Shown
from meterhouse.billing.state import is_immutable
from meterhouse.billing.taxes import tax_config_of
from meterhouse.catalog.price_schema import FlatPriceWithPaymentTerm, price_to_wire
from meterhouse.catalog.schema import TaxConfig
from meterhouse.customers.schema import UsageAttributionWire
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.period import Period
from meterhouse.platform.wire import PeriodWire
from meterhouse.rating.line import DetailedLine, Totals, totals_of
from meterhouse.rating.quantity import Quantities, free_units, quantities_of
from meterhouse.rating.rerun import usage_of

_NONE = Decimal(0)
_LONGEST_NAME, _END_OF_NAME = 256, 64


def invoice_to_wire(shown: Shown, expand: frozenset[InvoiceExpand], app: InstalledApp | None = None) -> InvoiceWire:
    """The invoice, with its app where that is to be shown."""
    invoice = shown.invoice
    return InvoiceWire(
        id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        customer=_customer(invoice),
        supplier=party_to_wire(invoice.supplier),
        status=InvoiceStatus(invoice.state.status),
        status_details=_details(shown),
        totals=_totals(invoice.totals),
        workflow=_workflow(invoice, app),
        description=invoice.description,
        metadata=dict(invoice.metadata) or None,
        period=None if invoice.period is None else period_to_wire(invoice.period),
        issued_at=invoice.issued_at,
        due_at=invoice.due_by,
        draft_until=invoice.draft_until,
        collection_at=invoice.collection_at,
        quantity_snapshoted_at=invoice.quantity_snapshotted_at,
        voided_at=invoice.voided_at,
        sent_to_customer_at=invoice.sent_to_customer_at,
        lines=[line_to_wire(invoice, line) for line in invoice.lines] if InvoiceExpand.LINES in expand else None,
        preceding=[] if InvoiceExpand.PRECEDING in expand else None,
        payment=_payment(invoice),
        validation_issues=[_issue(invoice, issue) for issue in invoice.issues] or None,
        external_ids=_external_ids(invoice),
        created_at=invoice.created_at,
        updated_at=invoice.updated_at,
        deleted_at=invoice.deleted_at,
    )


def _customer(invoice: Invoice) -> InvoiceCustomerWire:
    attribution = UsageAttributionWire(subject_keys=list(invoice.subject_keys))
    return InvoiceCustomerWire(**party_fields(invoice.customer), usage_attribution=attribution)


def _details(shown: Shown) -> StatusDetails:
    state = shown.invoice.state
    actions: dict[str, Any] = {name: AvailableAction(resulting_state=to) for name, to in shown.actions.items()}
    if shown.can_be_invoiced:
        actions["invoice"] = AvailableInvoiceAction()
    return StatusDetails(
        immutable=is_immutable(state),
        failed=state.has_failed,
        extended_status=state,
        available_actions=AvailableActions(**actions),
    )


def _workflow(invoice: Invoice, app: InstalledApp | None) -> InvoiceWorkflowWire:
    return InvoiceWorkflowWire(
        apps=apps_to_wire(invoice.app_id, app),
        source_billing_profile_id=invoice.profile_id,
        workflow=workflow_to_wire(invoice.workflow),
    )


def _payment(invoice: Invoice) -> PaymentWire | None:
    if invoice.due_at is None:
        return None
    due = DueDate(due_at=invoice.due_at, amount=invoice.due, currency=invoice.currency)
    return PaymentWire(terms=DueDateTerms(due_at=[due]))


def _external_ids(invoice: Invoice) -> ExternalIds | None:
    payment = invoice.external_ids.get(PAYMENT)
    if invoice.external_id is None and payment is None:
        return None
    return ExternalIds(invoicing=invoice.external_id, payment=payment)


def _issue(invoice: Invoice, issue: Issue) -> IssueWire:
    noticed_at = issue.noticed_at or invoice.updated_at
    return IssueWire(
        id=derived_ulid(invoice.created_at, "issue", invoice.id, issue.component, issue.code, issue.field),
        severity=issue.severity.value,
        field=issue.field or None,
        code=issue.code,
        component=issue.component,
        message=issue.message,
        created_at=noticed_at,
        updated_at=noticed_at,
    )


def line_to_wire(invoice: Invoice, line: Line) -> LineWire:
    card = line.rate_card
    price = None if card.price is None else price_to_wire(card.price)
    tax_config = _tax_config(line)
    steps = _quantities(line)
    return LineWire(
        id=line.id,
        name=line.name,
        description=card.description,
        metadata=dict(card.metadata) or None,
        managed_by=line.managed_by.value,
        discounts=usage_discounts(invoice, line, free_units(steps)) if steps else None,
        credit_allocations=[_allocation(one) for one in line.credits] or None,
        invoice=_reference(invoice),
        currency=line.currency,
        taxes=_taxes(invoice, line, line.totals),
        totals=_totals(line.totals),
        period=period_to_wire(line.service_period),
        invoice_at=line.invoice_at,
        external_ids=part_external_ids(invoice, line.id),
        subscription=_subscription(line),
        tax_config=tax_config,
        feature_key=card.feature_key,
        price=price,
        rate_card=LineRateCard(
            feature_key=card.feature_key,
            tax_config=tax_config,
            price=price,
            discounts=discounts_to_line(card.discounts),
        ),
        quantity=steps[-1].of_line if steps else line.quantity,
        metered_quantity=steps[0].of_line if steps else None,
        pre_line_period_quantity=steps[-1].before if steps else None,
        metered_pre_line_period_quantity=steps[0].before if steps else None,
        children=[_detailed(invoice, line, part, tax_config) for part in line.detailed],
        created_at=line.created_at,
        updated_at=line.updated_at,
        deleted_at=line.deleted_at,
    )


def _quantities(line: Line) -> Sequence[Quantities]:
    """From metered to charged units, as the line was rated; none where nothing is metered, or not yet."""
    if line.trace is None or not line.is_metered:
        return ()
    usage = replace(usage_of(line.trace), quantity=line.quantity or _NONE, quantity_before=line.quantity_before)
    return quantities_of(usage)


def _tax_config(line: Line) -> TaxConfig | None:
    config = line.rate_card.tax_config
    return None if config is None else TaxConfig.model_validate(config)


def _detailed(invoice: Invoice, line: Line, part: DetailedLine, tax_config: TaxConfig | None) -> DetailedLineWire:
    price = FlatPriceWithPaymentTerm(type="flat", amount=part.per_unit_amount, payment_term=part.payment_term)
    return DetailedLineWire(
        id=detailed_id(line, part.key),
        external_ids=part_external_ids(invoice, detailed_id(line, part.key)),
        name=_within_bounds(part.name),
        category=part.category.value,
        discounts=amount_discounts(invoice, line, part),
        credit_allocations=[CreditAllocationWire(amount=part.credits)] if part.credits else None,
        invoice=_reference(invoice),
        currency=line.currency,
        taxes=_taxes(invoice, line, totals_of([part])),
        totals=_totals(totals_of([part])),
        period=period_to_wire(part.service_period or line.service_period),
        invoice_at=line.invoice_at,
        subscription=_subscription(line),
        tax_config=tax_config,
        per_unit_amount=part.per_unit_amount,
        quantity=part.quantity,
        payment_term=part.payment_term.value,
        rate_card=DetailedRateCard(price=price, quantity=part.quantity, tax_config=tax_config),
        created_at=line.created_at,
        updated_at=line.updated_at,
    )


def _within_bounds(name: str) -> str:
    """A detailed line's name, no longer than the contract's; its end tells it from the others of its line."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - _END_OF_NAME - 1]}…{name[-_END_OF_NAME:]}"


def _allocation(borne: CreditAllocation) -> CreditAllocationWire:
    of = "in advance of credit" if borne.grant_id is None else f"credit grant {borne.grant_id}"
    return CreditAllocationWire(amount=borne.amount, description=of)


def _taxes(invoice: Invoice, line: Line, totals: Totals) -> list[LineTaxItem] | None:
    """One item for each kind of tax that there is; how much it comes to stands in the totals."""
    config = tax_config_of(line, invoice.workflow)
    shown = None if not config else TaxConfig.model_validate(config)
    amounts = {"inclusive": totals.taxes_inclusive_total, "exclusive": totals.taxes_exclusive_total}
    found = [
        LineTaxItem.model_validate({"config": shown, "behavior": behavior})
        for behavior, amount in amounts.items()
        if amount
    ]
    return found or None


def _subscription(line: Line) -> LineSubscription | None:
    reference = line.subscription
    if reference is None:
        return None
    return LineSubscription(
        subscription=Identified(id=reference.subscription_id),
        phase=Identified(id=reference.phase_id),
        item=Identified(id=reference.item_id),
        billing_period=period_to_wire(line.billing_period),
    )


def _reference(invoice: Invoice) -> LineInvoice:
    return LineInvoice(id=invoice.id, number=invoice.number)


def period_to_wire(period: Period) -> PeriodWire:
    return PeriodWire.model_validate({"from": period.start, "to": period.end})


def _totals(totals: Totals) -> TotalsWire:
    return TotalsWire(**{name: getattr(totals, name) for name in TotalsWire.model_fields})
