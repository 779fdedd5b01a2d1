"""Where the endpoint is, how often it is asked, what its refusals say, what is typed as an instant."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.errors import Misused
from meterhouse.cli.http import path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.settings import Settings, read_settings
from meterhouse.cli.terminal import printable
from meterhouse.client.problem import FieldFault, Refusal, read_refusal
from meterhouse.client.retry import LONGEST_ASKED, LONGEST_WAIT, is_retried, wait_seconds

LOCAL = "http://127.0.0.1:8888"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/stack.env").write_text(f"METERHOUSE_URL={LOCAL}\nMETERHOUSE_API_KEY='the key'\nOTHER=x\n")
    return tmp_path


def test_what_is_typed_goes_before_the_environment_and_that_before_the_stack(folder: Path) -> None:
    environ = {"METERHOUSE_URL": "https://e.example/", "METERHOUSE_API_KEY": "env"}

    assert read_settings("https://t.example", "typed", environ, folder) == Settings("https://t.example", "typed")
    assert read_settings(None, None, environ, folder) == Settings("https://e.example", "env")
    assert read_settings(None, None, {}, folder) == Settings(LOCAL, "the key")
    assert read_settings(f"{LOCAL}/", None, {}, folder) == Settings(LOCAL, "the key")


def test_the_local_stacks_key_is_sent_to_no_one_else(folder: Path) -> None:
    with pytest.raises(Misused, match="no API key"):
        read_settings("https://t.example", None, {}, folder)


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(Settings(LOCAL, "secret"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8888",
        "ftp://h",
        "http://",
        "http://h:99999",
        "http://[::1",
        "http://h?q=1",
        "http://h h",
        "h\n",
        "http://h:0",
    ],
)
def test_what_is_no_address_is_misuse(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misused):
        read_settings(url, "k", {}, tmp_path)


@pytest.mark.parametrize("key", ["ключ", "a\nb", " ", "k "])
def test_a_key_that_no_header_carries_is_misuse(key: str, tmp_path: Path) -> None:
    with pytest.raises(Misused, match="characters"):
        read_settings(LOCAL, key, {}, tmp_path)


def test_waits_double_up_to_a_limit() -> None:
    assert [wait_seconds(attempt, {}) for attempt in (0, 1, 2, 3)] == [0.2, 0.4, 0.8, 1.6]
    assert wait_seconds(10**6, {}) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0.2),
        ({"retry-after": "9" * 50}, LONGEST_ASKED),
        ({"retry-after": "soon"}, 0.2),
        ({"retry-after": "-5"}, 0.2),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 9),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 GMT"}, 0.2),
    ],
)
def test_no_less_is_waited_than_was_asked_for(headers: dict[str, str], seconds: float) -> None:
    assert wait_seconds(0, headers) == seconds


@given(st.integers(0, 40), st.text())
def test_a_wait_is_always_bounded(attempt: int, asked: str) -> None:
    assert 0 < wait_seconds(attempt, {"retry-after": asked, "date": asked}) <= LONGEST_ASKED


def test_what_may_have_been_done_is_repeated_only_where_that_is_harmless() -> None:
    assert [is_retried(status, repeatable=False) for status in (429, 503, 502, 504, 500, 400)] == [
        *(True, True),
        *(False, False, False, False),
    ]
    assert [is_retried(status, repeatable=True) for status in (500, 502, 504, 400, 501)] == [True] * 3 + [False] * 2


def test_a_problem_is_told_with_every_field() -> None:
    body = json.dumps(
        {
            "title": "Bad Request",
            "detail": "2 fault(s)",
            "extensions": {
                "validationErrors": [{"field": "/slug", "code": "x", "message": "too long"}, {"message": "?"}]
            },
        }
    )

    refusal = read_refusal(400, body)

    assert refusal.faults == (FieldFault("/slug", "too long"), FieldFault("", "?"))
    assert str(refusal) == "400 Bad Request: 2 fault(s)\n  /slug: too long\n  ?"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (502, "<html>\n bad  gateway</html>", "502 Bad Gateway: <html> bad gateway</html>"),
        (404, "", "404 Not Found"),
        (401, '{"message":"Unauthorized"}', '401 Unauthorized: {"message":"Unauthorized"}'),
        (799, "[]", "799 unknown status: []"),
        (400, '{"title": "T", "extensions": {"validationErrors": 1}}', "400 T"),
        (400, '{"title": "T", "extensions": []}', "400 T"),
    ],
)
def test_a_refusal_that_is_no_problem_document_is_told_as_it_came(status: int, body: str, told: str) -> None:
    assert str(read_refusal(status, body)) == told


@given(st.integers(100, 999), st.text())
def test_any_body_makes_a_refusal(status: int, body: str) -> None:
    assert isinstance(read_refusal(status, body), Refusal)


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-01-31T01:00:00+01:00", None, "2026-01-31T00:00:00Z"),
        ("2026-01-31", None, "2026-01-31T00:00:00Z"),
        ("2026-07-01", "Europe/Berlin", "2026-06-30T22:00:00Z"),
        ("2026-01-01", "Europe/Berlin", "2025-12-31T23:00:00Z"),
        (None, None, None),
    ],
)
def test_an_instant_or_the_midnight_of_a_date_is_understood(text: str | None, zone: str | None, instant: str) -> None:
    assert read_instant("--from", text, zone) == instant


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("yesterday", None),
        ("2026-01-31T00:00:00", None),
        ("2026-02-30", None),
        ("2026-01-01", "Mars/Base"),
        ("0001-01-01", "Asia/Tokyo"),
    ],
)
def test_any_other_instant_is_misuse(text: str, zone: str | None) -> None:
    with pytest.raises(Misused):
        read_instant("--from", text, zone)


def test_an_id_cannot_lead_to_another_path() -> None:
    assert path_of("meters", "a/../b?c#d") == "/api/v1/meters/a%2F..%2Fb%3Fc%23d"
    for stray in ("", ".", ".."):
        with pytest.raises(Misused, match="names nothing"):
            path_of("meters", stray)


@given(st.text())
def test_no_text_commands_the_terminal(text: str) -> None:
    assert printable(text).isprintable()


def test_help_waits_for_no_http_client_and_no_drawing() -> None:
    program = (
        "import sys, meterhouse.cli.app; print(*sorted({'httpx', 'rich.console', 'pydantic', 'yaml'} & {*sys.modules}))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "\n"
