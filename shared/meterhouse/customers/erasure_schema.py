"""Erasures of subjects on the wire."""

from typing import Annotated

from pydantic import Field

from meterhouse.customers.erasure import Erasure, ErasureStatus
from meterhouse.customers.schema import SubjectKey
from meterhouse.platform.wire import Instant, Ulid, Wire


class SubjectErasureCreate(Wire):
    """`confirm` is the subject's key once more: nothing brings it back."""

    subject: SubjectKey
    confirm: SubjectKey


class ErasedCounts(Wire):
    """How many rows and files bore the name."""

    events: int
    meter_values: int
    files: int
    records: int


class SubjectErasure(Wire):
    """`pseudonym` stands where the name stood. Nothing here tells the name."""

    id: Ulid
    pseudonym: str
    status: ErasureStatus
    asked_at: Instant
    next_pass_at: Annotated[Instant | None, Field(description="Absent once it is complete.")] = None
    completed_at: Instant | None = None
    remembered_until: Annotated[
        Instant, Field(description="Until then what the log brings again gets the pseudonym, too.")
    ]
    erased: ErasedCounts


def erasure_wire(erasure: Erasure) -> SubjectErasure:
    counts = erasure.erased
    return SubjectErasure(
        id=erasure.id,
        pseudonym=erasure.pseudonym,
        status=erasure.status,
        asked_at=erasure.asked_at,
        next_pass_at=None if erasure.subject is None else erasure.due_at,
        completed_at=erasure.completed_at,
        remembered_until=erasure.remembered_until,
        erased=ErasedCounts(
            events=counts.events, meter_values=counts.meter_values, files=counts.files, records=counts.records
        ),
    )
