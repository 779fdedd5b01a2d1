"""An edit of an invoice as the contract writes it."""

from meterhouse.billing.edit import TERMS, Edit, Terms
from meterhouse.billing.line_schema import EditedLine, specs_of
from meterhouse.billing.profile import CollectionMethod, EndProration
from meterhouse.billing.schema import (
    DEFAULTS,
    Delay,
    PartyInput,
    PaymentSettings,
    party_from_wire,
)
from meterhouse.catalog.schema import TaxConfig
from meterhouse.platform.wire import Description, Entries, Flag, Metadata, Wire

_TERMS = {"subscription_end_proration_mode": "end_proration"}
"""What has another name in the contract."""


class InvoicingEdit(Wire):
    auto_advance: Flag = True
    draft_period: Delay = DEFAULTS.draft_period
    due_after: Delay = DEFAULTS.due_after
    subscription_end_proration_mode: EndProration = EndProration.BILL_ACTUAL_PERIOD
    default_tax_config: TaxConfig | None = None


class WorkflowEdit(Wire):
    invoicing: InvoicingEdit
    payment: PaymentSettings


class InvoiceWorkflowEdit(Wire):
    workflow: WorkflowEdit


class InvoiceReplaceUpdate(Wire):
    description: Description | None = None
    metadata: Metadata | None = None
    supplier: PartyInput
    customer: PartyInput
    lines: Entries[EditedLine]
    workflow: InvoiceWorkflowEdit


def edit_from_wire(wire: InvoiceReplaceUpdate) -> Edit:
    """The edit; raises as `specs_of`."""
    return Edit(
        supplier=party_from_wire(wire.supplier),
        customer=party_from_wire(wire.customer),
        terms=_terms(wire.workflow.workflow),
        lines=specs_of(wire.lines),
        description=wire.description,
        metadata=wire.metadata or {},
        said=_said(wire.workflow.workflow),
    )


def _said(wire: WorkflowEdit) -> frozenset[str]:
    """Names of `Terms` that the document has."""
    written = wire.invoicing.model_fields_set | wire.payment.model_fields_set
    return frozenset(_TERMS.get(name, name) for name in written) & TERMS


def _terms(wire: WorkflowEdit) -> Terms:
    invoicing, tax_config = wire.invoicing, wire.invoicing.default_tax_config
    return Terms(
        auto_advance=invoicing.auto_advance,
        draft_period=invoicing.draft_period,
        due_after=invoicing.due_after,
        end_proration=invoicing.subscription_end_proration_mode,
        default_tax_config=None if tax_config is None else tax_config.model_dump(mode="json", by_alias=True),
        collection_method=CollectionMethod(wire.payment.collection_method),
    )
