"""Parts of backtests as the JSON documents they are stored as: decimals in strings, snake case."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from meterhouse.billing.comparison import ComparedLine, PairedLine, Summary, Sums
from meterhouse.billing.documents import Document, detailed_from_documents, detailed_to_documents
from meterhouse.catalog.document import phase_from_document, phase_to_document
from meterhouse.catalog.plan import PlanSpec, SettlementMode
from meterhouse.kernel.cadence import Cadence
from meterhouse.rating.document import period_from_document, period_to_document
from meterhouse.rating.line import Totals


def spec_to_document(spec: PlanSpec) -> Document:
    return {
        "name": spec.name,
        "description": spec.description,
        "metadata": dict(spec.metadata),
        "currency": spec.currency,
        "billing_cadence": spec.billing_cadence.iso(),
        "is_prorated": spec.is_prorated,
        "settlement_mode": spec.settlement_mode.value,
        "phases": [phase_to_document(phase) for phase in spec.phases],
    }


def spec_from_document(document: Mapping[str, Any]) -> PlanSpec:
    typed = {
        "billing_cadence": Cadence.parse(document["billing_cadence"]),
        "settlement_mode": SettlementMode(document["settlement_mode"]),
        "phases": tuple(phase_from_document(phase) for phase in document["phases"]),
    }
    return PlanSpec(**{**document, **typed})


def summary_to_document(summary: Summary) -> Document:
    counts = {name: getattr(summary, name) for name in ("failed", "raised", "lowered", "unchanged")}
    totals = {"old": f"{summary.totals.old:f}", "new": f"{summary.totals.new:f}"}
    quantiles = {str(percent): f"{value:f}" for percent, value in summary.quantiles.items()}
    return {**counts, "totals": totals, "quantiles": quantiles}


def summary_from_document(document: Mapping[str, Any]) -> Summary:
    totals = Sums(**{name: Decimal(value) for name, value in document["totals"].items()})
    quantiles = {int(percent): Decimal(value) for percent, value in document["quantiles"].items()}
    return Summary(**{**document, "totals": totals, "quantiles": quantiles})


def paired_to_document(line: PairedLine) -> Document:
    return {
        "item_key": line.item_key,
        "name": line.name,
        "old": None if line.old is None else _side_to_document(line.old),
        "new": None if line.new is None else _side_to_document(line.new),
    }


def paired_from_document(document: Mapping[str, Any]) -> PairedLine:
    sides = {side: document[side] and _side_from_document(document[side]) for side in ("old", "new")}
    return PairedLine(**{**document, **sides})


def _side_to_document(line: ComparedLine) -> Document:
    return {
        "key": line.key,
        "period": period_to_document(line.period),
        "quantity": None if line.quantity is None else f"{line.quantity:f}",
        "totals": {name: f"{amount:f}" for name, amount in line.totals._asdict().items()},
        "detailed": detailed_to_documents(line.detailed),
        "trace": line.trace,
        "invoice_id": line.invoice_id,
    }


def _side_from_document(document: Mapping[str, Any]) -> ComparedLine:
    quantity = document["quantity"]
    typed = {
        "period": period_from_document(document["period"]),
        "quantity": None if quantity is None else Decimal(quantity),
        "totals": Totals(**{name: Decimal(value) for name, value in document["totals"].items()}),
        "detailed": detailed_from_documents(document["detailed"]),
    }
    return ComparedLine(**{**document, **typed})
