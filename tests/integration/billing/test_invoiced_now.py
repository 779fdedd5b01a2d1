"""What is invoiced now of what was due at an earlier instant: that chooses lines, and nothing else."""

from datetime import datetime, timedelta

import pytest

from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, PROFILES, Api
from tests.integration.billing.parts import used_by_day
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at

NOW = at("2024-04-15T12:00:00Z")
LONG_AGO = "2024-02-01T12:00:00Z"


@pytest.fixture
def ann(run: Run) -> str:
    run.now, run.app = NOW, FakeApp()
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "4")
    return ann


def invoiced(api: Api, customer: str, as_of: str) -> dict[str, object]:
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer, "asOf": as_of})
    found: dict[str, object] = made
    return found


def steps_at(run: Run) -> set[datetime]:
    return {row["at"] for row in run.everything()["invoice_transitions"]}


def test_what_was_due_long_ago_is_issued_and_due_from_now_on(api: Api, run: Run, ann: str) -> None:
    made = invoiced(api, ann, LONG_AGO)
    assert made["status"] == "payment_processing"
    assert (made["issuedAt"], made["dueAt"]) == ("2024-04-15T12:00:00Z", "2024-05-15T12:00:00Z")
    assert steps_at(run) == {NOW}
    booked = run.rows("SELECT DISTINCT booked_at FROM ledger_transactions WHERE namespace = %(namespace)s")
    assert [row["booked_at"] for row in booked] == [NOW]


def test_it_is_written_off_by_no_run_before_its_time(api: Api, run: Run, ann: str) -> None:
    made = invoiced(api, ann, LONG_AGO)
    for days in (0, 29):
        run.advance(NOW + timedelta(days=days))
        assert api.ok("GET", f"{INVOICES}/{made['id']}")["status"] == "payment_processing"


def test_its_draft_period_begins_now(api: Api, ann: str) -> None:
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"invoicing": {"draftPeriod": "P2D"}}))
    made = invoiced(api, ann, LONG_AGO)
    assert (made["status"], made["draftUntil"]) == ("draft", "2024-04-17T12:00:00Z")


def test_a_part_up_to_an_earlier_instant_is_rated_now(api: Api, run: Run, ann: str) -> None:
    used_by_day(run, ann, {"2024-01-02": 2, "2024-01-20": 5})
    run.now = at("2024-01-25")
    made = invoiced(api, ann, "2024-01-10T00:00:00Z")
    assert (made["status"], made["issuedAt"]) == ("payment_processing", "2024-01-25T00:00:00Z")
    assert made["period"] == {"from": "2024-01-01T00:00:00Z", "to": "2024-01-10T00:00:00Z"}
    assert made["quantitySnapshotedAt"] == "2024-01-25T00:00:00Z"
