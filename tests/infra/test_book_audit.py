"""The audit of the books, interpreted: it goes on until everybody was looked at."""

from typing import Any

import pytest

from tests.infra.templates import Synthesis
from tests.infra.workflows import Steps, execute


def test_it_goes_on_where_the_last_task_ended_until_nobody_is_left(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [{"namespace": "a", "customerId": "1"}, {"namespace": "b", "customerId": "7"}, None]
    answers = iter(places)
    steps = Steps(audit_books=lambda _: {"customers": 200, "open": 0, "after": next(answers)})

    ended = execute(client, monkeypatch, "book_audit", steps, {})

    assert ended["status"] == "SUCCEEDED"
    assert steps.asked == [("audit_books", {"after": one}) for one in (None, *places[:-1])]


def test_it_runs_every_night(target: Synthesis) -> None:
    schedule = target.named("AWS::Scheduler::Schedule", Name="meterhouse-book_audit")["Properties"]

    assert (schedule["ScheduleExpression"], schedule["State"]) == ("cron(35 3 * * ? *)", "ENABLED")
