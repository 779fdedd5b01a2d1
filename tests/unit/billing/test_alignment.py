from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.alignment import Anchored
from meterhouse.billing.collection import aligned, drafts, next_collection_at
from meterhouse.billing.documents import workflow_from_document, workflow_to_document
from meterhouse.billing.profile import Workflow
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from tests.unit.billing.samples import CUSTOMER, NOW, PROFILE, draft, pending, profile_with
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, fee

MONTHLY = Anchored(Cadence(1, CadenceUnit.MONTH), at("2025-01-31"))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(tzinfo=NOW.tzinfo))  # noqa: DTZ001 - zoned right after


def waiting_at(*instants: str) -> datetime | None:
    lines = [replace(pending()[0], invoice_at=at(instant)) for instant in instants]
    return next_collection_at(lines, Workflow())


def test_co_01_without_edges_the_first_line_is_waited_for() -> None:
    assert waiting_at("2025-06-15T12:00:00Z", "2025-06-05T08:00:00Z") == at("2025-06-05T08:00:00Z")
    assert waiting_at() is None


@pytest.mark.parametrize(
    ("invoice_at", "edge"),
    [
        ("2025-02-28", "2025-02-28"),
        ("2025-02-28T00:00:01Z", "2025-03-31"),
        ("2025-01-15", "2025-01-31"),
        ("2024-12-31", "2024-12-31"),
    ],
)
def test_co_03_with_edges_the_next_one_is_and_a_line_due_at_an_edge_is_collected_there(
    invoice_at: str, edge: str
) -> None:
    line = replace(pending()[0], invoice_at=at(invoice_at))
    assert next_collection_at([line], Workflow(anchored=MONTHLY)) == at(edge)


def test_co_05_a_draft_of_fees_alone_waits_for_no_usage() -> None:
    assert draft(fee(), as_of="2024-01-01").collection_at is None


def test_co_07_a_draft_waits_for_the_usage_of_its_last_metered_line() -> None:
    [metered] = [line for line in draft().lines if line.rate_card.is_metered]
    due = [
        replace(metered, id=f"{number}", invoice_at=at(instant))
        for number, instant in enumerate(("2024-01-01T00:30:00Z", "2024-01-01T01:00:00Z"))
    ]
    [made] = drafts(due, {CUSTOMER_ID: CUSTOMER}, {CUSTOMER_ID: PROFILE}, NOW, NOW)
    assert made.collection_at == at("2024-01-01T02:00:00Z")


def test_a_run_between_two_edges_collects_what_was_due_at_the_last_one() -> None:
    due = [replace(pending()[0], id=day, invoice_at=at(day)) for day in ("2025-01-31", "2025-02-01", "2025-03-01")]
    profiles = {CUSTOMER_ID: profile_with(anchored=MONTHLY)}
    for as_of, collected in (("2025-02-27", 1), ("2025-02-28", 2), ("2025-03-30", 2), ("2025-03-31", 3)):
        assert len(aligned(due, profiles, at(as_of))) == collected
    assert len(aligned(due, {CUSTOMER_ID: PROFILE}, at("2025-03-01"))) == 3


@given(INSTANTS)
def test_an_instant_lies_between_its_edges(instant: datetime) -> None:
    latest, following = MONTHLY.latest(instant), MONTHLY.next(instant)
    assert latest <= instant <= following
    assert (latest == following) == (instant == latest)


def test_a_workflow_comes_back_from_its_document_as_one_stored_before_there_were_edges_does() -> None:
    workflow = Workflow(anchored=MONTHLY)
    document = workflow_to_document(workflow)
    assert workflow_from_document(document) == workflow
    del document["anchored"]
    assert workflow_from_document(document) == Workflow()
