"""Invoices and lines as rows: the columns in one place, for reading and for COPY."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from meterhouse.billing.documents import (
    credits_from_documents,
    credits_to_documents,
    detailed_from_documents,
    detailed_to_documents,
    issues_from_documents,
    issues_to_documents,
    overage_from_document,
    overage_to_document,
    party_from_document,
    party_to_document,
    workflow_from_document,
    workflow_to_document,
)
from meterhouse.billing.invoice import Credited, Invoice, Line, ManagedBy, SubscriptionReference, Transition
from meterhouse.billing.prepaid import Prepaid
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.document import rate_card_from_document, rate_card_to_document
from meterhouse.catalog.plan import SettlementMode
from meterhouse.kernel.period import Period
from meterhouse.platform.columns import columns, instant_text, instants
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.rating.line import Totals

T = TypeVar("T")
Values = dict[str, Any]
_TOTALS = (
    "amount",
    "charges_total",
    "discounts_total",
    "credits_total",
    "taxes_inclusive_total",
    "taxes_exclusive_total",
)
_INVOICE_FIELDS = (
    "id",
    "number",
    "step",
    "currency",
    "profile_id",
    "app_id",
    "description",
    "external_id",
    "payment_attempt",
)
_INVOICE_INSTANTS = (
    "created_at",
    "updated_at",
    "collection_at",
    "quantity_snapshotted_at",
    "draft_synced_at",
    "draft_until",
    "issuing_synced_at",
    "issued_at",
    "sent_to_customer_at",
    "due_at",
    "payment_failed_at",
    "voided_at",
    "deleted_at",
)
_LINE_FIELDS = (
    "id",
    "key",
    "revision",
    "is_live",
    "invoice_id",
    "customer_id",
    "currency",
    "name",
    "feature_id",
    "is_prorated",
    "is_terminal",
    "quantity",
    "quantity_before",
    "grant_id",
    "is_taxed",
    "note_id",
    "invoice_currency",
    "cost_basis_id",
)
_LINE_INSTANTS = ("invoice_at", "created_at", "updated_at", "deleted_at", "agreed_end")
_PERIODS = ("service", "full_service", "billing")
_TOTAL_PATHS = {name: f"totals.{name}" for name in _TOTALS}
_invoice_columns = columns(
    {name: name for name in (*_INVOICE_FIELDS, "state", "customer_id")}
    | _TOTAL_PATHS
    | {"credited_net": "credited.net", "credited_taxes": "credited.taxes"}
)
_invoice_instants = instants({name: name for name in _INVOICE_INSTANTS})
_line_columns = columns(
    {name: name for name in (*_LINE_FIELDS, "is_pending", "managed_by", "settlement_mode")} | _TOTAL_PATHS
)
_line_instants = instants(
    {name: name for name in _LINE_INSTANTS}
    | {f"{name}_start": f"{name}_period.start" for name in _PERIODS}
    | {f"{name}_end": f"{name}_period.end" for name in _PERIODS}
)


class Texts:
    """Parts as JSON text, each object's made once: the invoices and lines of a batch share workflows and rate cards."""

    def __init__(self) -> None:
        from msgspec.json import encode  # noqa: PLC0415 - 13 ms of import belong to the first batch, not to the cold start

        self._encode = encode
        self._made: dict[int, tuple[object, str]] = {}

    def of(self, part: T, document_of: Callable[[T], object]) -> str:
        """The part's text; of one object there is one kind of document."""
        if id(part) not in self._made:
            # the part is kept, so that no other has its id
            self._made[id(part)] = part, self.written(document_of(part))
        return self._made[id(part)][1]

    def written(self, document: object) -> str:
        return self._encode(document).decode()


def invoice_values(invoice: Invoice, texts: Texts) -> Values:
    return {
        **_invoice_columns(invoice),
        **_invoice_instants(invoice),
        "customer_name": invoice.customer.name or "",
        "customer": texts.of(invoice.customer, party_to_document),
        "subject_keys": list(invoice.subject_keys),
        "supplier": texts.of(invoice.supplier, party_to_document),
        "workflow": texts.of(invoice.workflow, workflow_to_document),
        "metadata": texts.written(dict(invoice.metadata)),
        "external_ids": texts.written(dict(invoice.external_ids)),
        "issues": texts.of(invoice.issues, issues_to_documents),
        "period_start": instant_text(invoice.period and invoice.period.start),
        "period_end": instant_text(invoice.period and invoice.period.end),
    }


def invoice_of(row: Mapping[str, Any], lines: tuple[Line, ...], parts: SharedParts) -> Invoice:
    return Invoice(
        **{name: row[name] for name in (*_INVOICE_FIELDS, *_INVOICE_INSTANTS)},
        state=InvoiceState(row["state"]),
        customer=party_from_document(row["customer"]),
        subject_keys=tuple(row["subject_keys"]),
        supplier=parts.of(row["supplier"], party_from_document),
        workflow=parts.of(row["workflow"], workflow_from_document),
        metadata=row["metadata"],
        external_ids=row["external_ids"],
        issues=issues_from_documents(row["issues"]),
        totals=_totals(row),
        credited=Credited(row["credited_net"], row["credited_taxes"]),
        period=Period(row["period_start"], row["period_end"]) if row["period_start"] else None,
        lines=lines,
    )


def step_values(invoice_id: str, step: Transition) -> Values:
    return {
        "invoice_id": invoice_id,
        "number": step.number,
        "trigger": step.trigger,
        "source": step.source,
        "target": step.target,
        "at": instant_text(step.at),
        "reason": step.reason,
    }


def line_values(line: Line, texts: Texts) -> Values:
    reference = line.subscription
    return {
        **_line_columns(line),
        **_line_instants(line),
        "whole_start": instant_text(line.whole_period and line.whole_period.start),
        "whole_end": instant_text(line.whole_period and line.whole_period.end),
        "subjects": None if line.subjects is None else list(line.subjects),
        "subscription_id": reference and reference.subscription_id,
        "phase_id": reference and reference.phase_id,
        "item_id": reference and reference.item_id,
        "rate_card": texts.of(line.rate_card, rate_card_to_document),
        "detailed": texts.of(line.detailed, detailed_to_documents),
        "trace": None if line.trace is None else texts.written(line.trace),
        "credits": texts.of(line.credits, credits_to_documents),
        "overage": None if line.overage is None else texts.written(overage_to_document(line.overage)),
    }


def line_of(row: Mapping[str, Any], parts: SharedParts) -> Line:
    subscription = row["subscription_id"]
    return Line(
        **{name: row[name] for name in (*_LINE_FIELDS, *_LINE_INSTANTS)},
        is_pending=row["is_pending"],
        subjects=None if row["subjects"] is None else tuple(row["subjects"]),
        whole_period=Period(row["whole_start"], row["whole_end"]) if row["whole_start"] else None,
        managed_by=ManagedBy(row["managed_by"]),
        subscription=subscription and SubscriptionReference(subscription, row["phase_id"], row["item_id"]),
        rate_card=parts.of(row["rate_card"], rate_card_from_document),
        service_period=Period(row["service_start"], row["service_end"]),
        full_service_period=Period(row["full_service_start"], row["full_service_end"]),
        billing_period=Period(row["billing_start"], row["billing_end"]),
        totals=_totals(row),
        detailed=detailed_from_documents(row["detailed"]),
        trace=row["trace"],
        settlement_mode=SettlementMode(row["settlement_mode"]),
        credits=credits_from_documents(row["credits"]),
        overage=None if row["overage"] is None else overage_from_document(row["overage"]),
    )


def prepaid_of(row: Mapping[str, Any]) -> Prepaid:
    named = ("key", "invoice_id", "currency", "amount", "percentage", "bills_full", "is_flagged", "is_by_hand")
    return Prepaid(
        **{name: row[name] for name in named},
        service_period=Period(row["service_start"], row["service_end"]),
        full_service_period=Period(row["full_service_start"], row["full_service_end"]),
    )


def _totals(row: Mapping[str, Any]) -> Totals:
    return Totals(*(row[name] for name in _TOTALS))
