"""The load test's own judgement: what it must not let pass. Requests are sent by `tests/e2e/test_load.py`."""

from pathlib import Path

import pytest

from localstack.fixtures import free_port
from tests.bench.load.__main__ import main, options
from tests.bench.load.accounting import Counted, account
from tests.bench.load.chart import drawn
from tests.bench.load.outcomes import Request, Step

ACCEPTED, LIMITED, BUSY = (Request(0, status, 0, 5, after) for status, after in ((204, None), (429, "2"), (503, "1")))


@pytest.mark.parametrize(
    ("request_", "counted", "faults"),
    [
        (ACCEPTED, Counted(10, 10), []),
        (ACCEPTED, None, ["s-0: lost, 0 of 10 accepted events are counted"]),
        (ACCEPTED, Counted(9, 9), ["s-0: lost, 9 of 10 accepted events are counted"]),
        (ACCEPTED, Counted(20, 10), ["s-0: doubled, 10 events are counted 20 times"]),
        (
            ACCEPTED,
            Counted(10, 9),
            ["s-0: doubled, 9 events are counted 10 times", "s-0: lost, 9 of 10 accepted events are counted"],
        ),
        (BUSY, None, []),
        (BUSY, Counted(10, 10), []),
        (BUSY, Counted(4, 4), ["s-0: half, 4 of 10 events of a refused request are counted"]),
        (Request(0, 0, 0, 0), Counted(20, 10), ["s-0: doubled, 10 events are counted 20 times"]),
    ],
)
def test_an_event_that_is_lost_doubled_or_stored_by_half_is_reported(
    request_: Request, counted: Counted | None, faults: list[str]
) -> None:
    found = account([Step("s", 1, [request_])], {} if counted is None else {"s-0": counted}, 10)
    assert list(found.faults) == faults
    assert found.accepted == (10 if request_ is ACCEPTED else 0)
    assert found.kept == (0 if counted is None or request_ is ACCEPTED else counted.events)


def test_an_event_that_nobody_sent_is_reported() -> None:
    found = account([Step("s", 1, [ACCEPTED])], {"s-0": Counted(1, 1), "s-1": Counted(1, 1)}, 1)
    assert found.faults == ("s-1: counted, and never sent",)


def test_whatever_is_no_204_and_no_call_to_come_again_is_a_fault() -> None:
    wrong = [Request(n, status, 0, 5) for n, status in enumerate((503, 429, 500, 502, 502, 400, 0))]
    assert list(Step("s", 50, [ACCEPTED, LIMITED, BUSY, *wrong]).faults()) == [
        "at 50/s 1 x 429 without Retry-After",
        "at 50/s 1 x 503 without Retry-After",
        "at 50/s 1 x answered 400",
        "at 50/s 1 x answered 500",
        "at 50/s 2 x answered 502",
        "at 50/s 1 x no answer",
    ]


def test_latency_is_of_what_was_accepted_and_its_rate_that_of_the_whole_time() -> None:
    requests = [Request(n, 204, n * 1000, 10 + n) for n in range(5)] + [Request(5, 503, 8000, 2000, "1")]
    step = Step("s", 1, requests)
    assert step.latency == pytest.approx((12, 14), abs=0.1)
    assert step.accepted_a_second == pytest.approx(0.5)


def test_the_chart_shows_every_rate_curve_and_answer_and_none_where_nothing_was_accepted() -> None:
    lost = Step("b", 400, [BUSY, Request(1, 0, 0, 0)])
    chart = drawn([Step("a", 50, [ACCEPTED, ACCEPTED, LIMITED]), lost], "today")
    assert all(f">{text}<" in chart for text in ("50", "400", "p50 of 204", "204", "429", "503", "no answer", "today"))
    assert "p50" not in drawn([lost], "today")


@pytest.mark.parametrize("words", [["--rates", "x"], ["--rates", "0,5"], ["--seconds", "0"], ["--limit", "-1"]])
def test_what_no_rate_can_be_made_of_is_misuse(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options(words)
    assert ended.value.code == 2
    assert f"argument {words[0]}: " in (told := capsys.readouterr().err)
    assert "is no whole number from 1 on" in told


def test_a_stack_that_was_put_down_is_told_of_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stack.env").write_text("METERHOUSE_URL=http://127.0.0.1\n")
    monkeypatch.setenv("METERHOUSE_STATE", str(tmp_path))
    monkeypatch.setenv("METERHOUSE_PORT_API", str(free_port().number))
    assert main([]) == 2
    assert capsys.readouterr().err == "The local stack is not up: make up\n"
