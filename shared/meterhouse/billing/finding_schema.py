"""Findings of the audit on the wire."""

from typing import Annotated

from pydantic import Field

from meterhouse.billing.findings import Recorded
from meterhouse.platform.wire import Instant, Ulid, Wire


class FindingWire(Wire):
    """What the audit of the books found; open while `resolvedAt` is missing."""

    id: Ulid
    kind: str
    subject_id: str
    customer_id: str
    invoice_id: str | None = None
    detail: str
    found_at: Instant
    resolved_at: Instant | None = None
    reason: str | None = None


class FindingResolve(Wire):
    reason: Annotated[str, Field(min_length=1, max_length=1024)]


def finding_to_wire(recorded: Recorded) -> FindingWire:
    found = recorded.finding
    return FindingWire(
        id=found.id,
        kind=found.kind,
        subject_id=found.subject_id,
        customer_id=found.customer_id,
        invoice_id=found.invoice_id,
        detail=found.detail,
        found_at=recorded.found_at,
        resolved_at=recorded.resolved_at,
        reason=recorded.reason,
    )
