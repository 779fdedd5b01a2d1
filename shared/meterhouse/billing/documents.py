"""Parts of invoices and profiles as the JSON documents they are stored as: decimals in strings, snake case."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from meterhouse.billing.alignment import Anchored
from meterhouse.billing.invoice import CreditAllocation, Issue, Overage, Severity
from meterhouse.billing.profile import CollectionMethod, EndProration, LateUsage, Party, Workflow
from meterhouse.billing.void import Again, Voiding
from meterhouse.customers.model import Address
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.duration import Duration
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.rating.conventions import Conventions
from meterhouse.rating.document import line_from_document, line_to_document
from meterhouse.rating.line import DetailedLine
from meterhouse.rating.rerun import conventions_from_document

Document = dict[str, Any]


def party_to_document(party: Party) -> Document:
    address = party.address
    return _fields(party) | {"address": None if address is None else _fields(address)}


def party_from_document(document: Mapping[str, Any]) -> Party:
    address = document["address"]
    return Party(**{**document, "address": None if address is None else Address(**address)})


def workflow_to_document(workflow: Workflow) -> Document:
    anchored = workflow.anchored
    return _fields(workflow) | {
        "anchored": None
        if anchored is None
        else {"cadence": anchored.cadence.iso(), "anchor": format_rfc3339(anchored.anchor)},
        "collection_interval": workflow.collection_interval.iso,
        "draft_period": workflow.draft_period.iso,
        "due_after": workflow.due_after.iso,
        "conventions": _fields(workflow.conventions),
    }


def workflow_from_document(document: Mapping[str, Any]) -> Workflow:
    # absent where the workflow was stored before there was any
    anchored = document.get("anchored")
    typed = {
        "anchored": anchored and Anchored(Cadence.parse(anchored["cadence"]), parse_rfc3339(anchored["anchor"])),
        "collection_interval": Duration(document["collection_interval"]),
        "draft_period": Duration(document["draft_period"]),
        "due_after": Duration(document["due_after"]),
        "end_proration": EndProration(document["end_proration"]),
        "collection_method": CollectionMethod(document["collection_method"]),
        "conventions": conventions_from_document(document.get("conventions")),
        "late_usage": LateUsage(document.get("late_usage", LateUsage.BILL)),
    }
    return Workflow(**{**document, **typed})


def issues_to_documents(issues: Iterable[Issue]) -> list[Document]:
    return [_fields(issue) | {"noticed_at": issue.noticed_at and format_rfc3339(issue.noticed_at)} for issue in issues]


def issues_from_documents(documents: Iterable[Mapping[str, Any]]) -> tuple[Issue, ...]:
    return tuple(_issue_from_document(document) for document in documents)


def _issue_from_document(document: Mapping[str, Any]) -> Issue:
    # absent where the issue was stored before it was kept
    noticed_at = document.get("noticed_at")
    typed = {"severity": Severity(document["severity"]), "noticed_at": noticed_at and parse_rfc3339(noticed_at)}
    return Issue(**{**document, **typed})


def detailed_to_documents(lines: Iterable[DetailedLine]) -> list[Document]:
    return [line_to_document(line) for line in lines]


def detailed_from_documents(documents: Iterable[Mapping[str, Any]]) -> tuple[DetailedLine, ...]:
    return tuple(line_from_document(document) for document in documents)


def credits_to_documents(borne: Iterable[CreditAllocation]) -> list[Document]:
    return [{"charge": one.charge, "amount": f"{one.amount:f}", "grant_id": one.grant_id} for one in borne]


def credits_from_documents(documents: Iterable[Mapping[str, Any]]) -> tuple[CreditAllocation, ...]:
    return tuple(CreditAllocation(**{**document, "amount": Decimal(document["amount"])}) for document in documents)


def overage_to_document(overage: Overage) -> Document:
    since = overage.effective_from
    return asdict(overage) | {
        "units": f"{overage.units:f}",
        "effective_from": None if since is None else format_rfc3339(since),
    }


def overage_from_document(document: Mapping[str, Any]) -> Overage:
    since = document["effective_from"]
    typed = {"units": Decimal(document["units"]), "effective_from": None if since is None else parse_rfc3339(since)}
    return Overage(**{**document, **typed})


def voiding_to_document(voiding: Voiding) -> Document:
    return {
        "reason": voiding.reason,
        "default": _again_to_document(voiding.default),
        "overrides": {line_id: _again_to_document(again) for line_id, again in voiding.overrides.items()},
    }


def voiding_from_document(document: Mapping[str, Any]) -> Voiding:
    overrides = {line_id: _again_from_document(again) for line_id, again in document["overrides"].items()}
    return Voiding(document["reason"], _again_from_document(document["default"]), overrides)


def _again_to_document(again: Again | None) -> Document | None:
    return None if again is None else {"invoice_at": again.invoice_at and format_rfc3339(again.invoice_at)}


def _again_from_document(document: Mapping[str, Any] | None) -> Again | None:
    if document is None:
        return None
    invoice_at = document["invoice_at"]
    return Again(invoice_at and parse_rfc3339(invoice_at))


def _fields(part: Party | Address | Workflow | Issue | Conventions) -> Document:
    return {field.name: getattr(part, field.name) for field in fields(part)}
