"""`meterhouse rebuild`: calls a function of the deployment until nothing is left, by AWS credentials alone."""

import json
from typing import Any

import pytest

from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import Answer, Asked, House

PATH = "/2015-03-31/functions/meterhouse-rebuild_usage/invocations"
ACCOUNT: dict[str, Any] = {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}


def progress(held: int, mine: int, left: int | None = None, *, complete: bool = False) -> dict[str, Any]:
    return {"hours": 9, "held": held, "mine": mine, "records_left": left, "complete": complete}


def test_every_share_is_asked_for_until_nothing_is_left_and_then_the_log(
    terminal: Terminal, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        (0, 64): [progress(1, 0)],
        (0, 2): [progress(5, 2), progress(9, 0)],
        (1, 2): [progress(9, 0)],
        (0, 1): [progress(9, 0, 70), progress(9, 0, 0, complete=True)],
    }

    def answer(asked: Asked) -> Answer:
        share = asked.json.get("worker", 0), asked.json.get("workers", 1)
        return 200, {"content-type": "application/json"}, json.dumps(answers[share].pop(0))

    monkeypatch.setattr(house, "answer", answer)
    ended = terminal.types("rebuild", "--workers", "2", AWS_ENDPOINT_URL=house.url, **ACCOUNT)
    assert ended.stdout == "rebuilt: 9 hours of the archive, and the log\n"
    assert "9 hours in the archive, 1 of them in the store" in ended.stderr
    assert "70 records of the log are left" in ended.stderr
    assert not any(answers.values())
    assert {asked.path for asked in house.asked} == {PATH}
    signed = house.asked[0].headers
    assert "Credential=AKID/" in {name.lower(): value for name, value in signed.items()}["authorization"]


def test_without_aws_credentials_nothing_is_asked_and_what_the_function_refuses_is_told(
    terminal: Terminal, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "AWS_ACCESS_KEY_ID" in terminal.types("rebuild", status=2, AWS_ACCESS_KEY_ID=None).stderr
    assert house.asked == []
    broken = 200, {"x-amz-function-error": "Unhandled"}, '{"errorType": "InvariantBroken"}'
    monkeypatch.setattr(house, "answer", lambda _: broken)
    ended = terminal.types("rebuild", status=1, AWS_ENDPOINT_URL=house.url, **ACCOUNT)
    assert "InvariantBroken" in ended.stderr
