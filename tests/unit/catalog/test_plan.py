from datetime import datetime, timedelta

import pytest

from meterhouse.catalog.plan import Plan, PlanStatus
from tests.unit.catalog.samples import AIRLINE, START

DAY = timedelta(days=1)


def plan(effective_from: datetime | None, effective_to: datetime | None = None) -> Plan:
    return Plan("01HZ0000000000000000000001", "airline", 1, AIRLINE, START, START, effective_from, effective_to)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (plan(None), PlanStatus.DRAFT),
        (plan(START + DAY), PlanStatus.SCHEDULED),
        (plan(START), PlanStatus.ACTIVE),
        (plan(START - DAY, START + DAY), PlanStatus.ACTIVE),
        (plan(START - DAY, START), PlanStatus.ARCHIVED),
        (plan(START, START), PlanStatus.ARCHIVED),
    ],
)
def test_a_status_is_what_the_instants_say_even_if_no_job_ran(version: Plan, status: PlanStatus) -> None:
    assert version.status(START) is status
