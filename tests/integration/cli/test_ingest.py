"""`meterhouse events ingest` against ingest's own answers."""

import gzip
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from random import Random

import pytest

from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import Answer, Asked, House
from tests.integration.cli.given import BUSY, FLIGHTS, GONE, MAPPING, first, lines

LAMBDA_BYTES = 6 * 1024 * 1024 - 64 * 1024
"""Of a call, less what the gateway tells beside the body."""
CHARACTERS = bytes({*range(0x20, 0x7F)} - {*b'"\\'})


def test_a_file_of_json_lines_arrives_once_however_often_it_is_sent(terminal: Terminal, house: House) -> None:
    file = terminal.file("events.jsonl", lines(25))

    first_time = terminal.reads("events", "ingest", file, "--batch", "10")
    terminal.types("events", "ingest", file, "--batch", "7")

    assert first_time == {"accepted": 25, "derivedIds": 25, "rejected": 0, "line": 25, "faults": []}
    assert (len(house.events), house.writings) == (25, 50)
    assert {source for source, _ in house.events} == {"events.jsonl"}
    assert {asked.headers["content-encoding"] for asked in house.asked} == {"gzip"}
    assert not list((terminal.folder / ".meterhouse").iterdir())


def test_it_is_told_how_many_ids_were_derived(terminal: Terminal) -> None:
    file = terminal.file("e.jsonl", lines(3) + lines(2, id="mine"))

    assert terminal.types("events", "ingest", file).stdout == "5 accepted, 3 of them by ids derived from their lines\n"
    assert "gets one derived from its line" in " ".join(terminal.types("events", "ingest", "--help").stdout.split())


def test_a_compressed_file_is_the_same_file(terminal: Terminal, house: House) -> None:
    terminal.types("events", "ingest", terminal.file("events.jsonl", lines(3)))
    terminal.types("events", "ingest", terminal.file("events.jsonl.gz", gzip.compress(lines(3).encode())))

    assert (len(house.events), house.writings) == (3, 6)


def test_standard_input_is_read_when_it_is_given_a_name(terminal: Terminal, house: House) -> None:
    refused = terminal.reads("events", "ingest", "-", stdin=lines(1).encode(), status=1)
    terminal.types("events", "ingest", "-", "--source", "pipe", stdin=lines(2).encode())

    assert "--source" in refused["faults"][0]["message"]
    assert [source for source, _ in house.events] == ["pipe", "pipe"]


def test_a_csv_becomes_events_by_its_mapping(terminal: Terminal, house: House) -> None:
    terminal.types("events", "ingest", terminal.file("flights.csv", FLIGHTS), *MAPPING)

    found = {
        key: (event.type, event.subject, event.time.isoformat() if event.time else None, bytes(event.data))
        for key, event in house.events.items()
    }
    assert found == {
        ("flights.csv", "UA1-2026-01-01"): ("flight.departed", "UA", "2026-01-01T00:00:00+00:00", b'{"miles":2565}'),
        ("flights.csv", "AA2-2026-01-01"): ("flight.departed", "AA", "2026-01-01T00:00:00+00:00", b'{"miles":null}'),
    }


@pytest.mark.parametrize("taken", [True, False], ids=["after it was taken", "before it was taken"])
def test_killed_in_the_middle_and_run_again_nothing_is_lost_and_nothing_doubled(
    terminal: Terminal, house: House, *, taken: bool
) -> None:
    file = terminal.file("events.jsonl", lines(50))
    # whoever runs the tests in the background has them ignore what is pressed in the foreground
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = [sys.executable, "-c", f"{heeding}; from meterhouse.cli.app import main; main()"]
    process = subprocess.Popen([*program, "events", "ingest", file, "--batch", "10"], env=os.environ | terminal.environ)  # noqa: S603

    def kill(_: Asked) -> None:
        if len(house.asked) == 3:
            process.send_signal(signal.SIGKILL)
            process.wait()

    if taken:
        house.after = kill
    else:
        house.before = lambda asked: kill(asked) or (GONE if len(house.asked) == 3 else None)  # type: ignore[func-returns-value]
    assert process.wait() == -signal.SIGKILL
    before = (len(house.events), len(house.asked))

    again = terminal.types("events", "ingest", file, "--batch", "10")

    assert before == (30 if taken else 20, 3)
    assert "goes on after line 20" in again.stderr
    assert (len(house.events), len(house.asked)) == (50, 6)
    assert "50 accepted" in again.stdout


def test_interrupted_it_says_how_to_go_on(terminal: Terminal, house: House) -> None:
    file = terminal.file("events.jsonl", lines(50))
    # whoever runs the tests in the background has them ignore what is pressed in the foreground
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = [sys.executable, "-c", f"{heeding}; from meterhouse.cli.app import main; main()"]
    process = subprocess.Popen(  # noqa: S603
        [*program, "events", "ingest", file, "--batch", "10", "--json"],
        env=os.environ | terminal.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    def interrupt(_: Asked) -> Answer | None:
        if len(house.asked) == 3:
            process.send_signal(signal.SIGINT)
            process.wait()
            return GONE
        return None

    house.before = interrupt
    stdout, stderr = process.communicate()

    assert (process.returncode, json.loads(stdout)["accepted"]) == (130, 20)
    assert stderr.decode() == "the same command goes on from here\n"


def test_a_file_that_was_changed_is_not_gone_on_with(terminal: Terminal, house: House) -> None:
    file = terminal.file("events.jsonl", lines(20))
    house.before = lambda _: BUSY if len(house.asked) > 1 else None
    terminal.types("events", "ingest", file, "--batch", "10", status=1)
    house.before = lambda _: None
    terminal.file(file, lines(20, data={"v": 1}))

    terminal.types("events", "ingest", file)

    assert len(house.events) == 30


def test_a_busy_endpoint_is_asked_again(terminal: Terminal, house: House) -> None:
    house.before = first([BUSY, (429, {"retry-after": "0"}, ""), GONE])  # type: ignore[assignment]

    done = terminal.types("events", "ingest", terminal.file("e.jsonl", lines(3)), METERHOUSE_RETRIES="3")

    assert (len(house.events), len(house.asked)) == (3, 4)
    assert "answered 503; trying again" in done.stderr


def test_an_endpoint_that_stays_busy_ends_it_where_it_came_to(terminal: Terminal, house: House) -> None:
    house.before = lambda _: BUSY if len(house.asked) > 2 else None

    ended = terminal.types("events", "ingest", terminal.file("e.jsonl", lines(30)), "--batch", "10", status=1)

    assert "20 accepted" in ended.stdout
    assert "503 Service Unavailable" in ended.stderr
    assert "goes on from here" in ended.stderr


def test_an_endpoint_that_is_gone_ends_it_with_status_3(terminal: Terminal, house: House) -> None:
    house.before = lambda _: GONE

    ended = terminal.types("events", "ingest", terminal.file("e.jsonl", lines(1)), status=3)

    assert "no answer from http://127.0.0.1" in ended.stderr


def test_a_batch_that_is_too_large_is_sent_in_parts(terminal: Terminal, house: House) -> None:
    house.before = first([(413, {}, "")])  # type: ignore[assignment]

    terminal.types("events", "ingest", terminal.file("e.jsonl", lines(5)))

    assert (len(house.events), len(house.asked)) == (5, 3)


def test_no_batch_outgrows_a_lambda_however_badly_it_compresses(terminal: Terminal, house: House) -> None:
    line = b'{"id":"%d","type":"t","subject":"s","data":{"x":"%b"}}\n'
    noise = Random(0)  # noqa: S311 - no secret
    large = b"".join(line % (n, bytes(noise.choices(CHARACTERS, k=800_000))) for n in range(10))

    terminal.types("events", "ingest", terminal.file("e.jsonl", large))

    assert len(house.events) == 10
    assert all(len(b64encode(asked.body)) < LAMBDA_BYTES for asked in house.asked)


def test_a_stream_that_ends_early_is_said_to_be_sent_again_whole(terminal: Terminal, house: House) -> None:
    house.before = lambda _: BUSY if len(house.asked) > 1 else None

    words = ("events", "ingest", "-", "--source", "pipe", "--batch", "10")
    ended = terminal.types(*words, stdin=lines(20).encode(), status=1)

    assert "goes on from here" not in ended.stderr
    assert "send the stream again from its start" in ended.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.jsonl"], "cannot read none.jsonl: No such file"),
        (["."], "cannot read .: "),
        (["broken.gz"], "cannot read broken.gz: "),
        (["flights.csv"], "a CSV needs --map type=… and --map subject=…"),
        (["flights.csv", "--map", "type=t", "--map", "subject=@who"], "no column who; the columns are carrier"),
        (["flights.csv", "--map", "nonsense"], "write NAME=TEMPLATE"),
        (["e.jsonl", "--map", "type=t", "--map", "subject=s", "--format", "jsonl"], "JSON lines are events already"),
        (["flights.csv", *MAPPING, "--delimiter", ";;"], "no single character"),
        (["e.jsonl", "--checkpoint", "flights.csv"], "flights.csv is no checkpoint"),
        (["e.jsonl", "--checkpoint", "e.jsonl/x"], "cannot be written"),
        (["e.jsonl", "--batch", "0"], "--batch"),
        (["e.jsonl", "--format", "xml"], "--format"),
        ([], "file"),
    ],
)
def test_what_cannot_be_understood_is_told_with_status_2(terminal: Terminal, words: list[str], told: str) -> None:
    terminal.file("flights.csv", FLIGHTS)
    terminal.file("e.jsonl", lines(1))
    terminal.file("broken.gz", gzip.compress(lines(100).encode())[:-20])

    ended = terminal.types("events", "ingest", *words, status=2)

    assert told in " ".join(ended.stderr.split())


def test_a_file_that_may_not_be_read_is_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    file = terminal.file("e.jsonl", lines(1))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot read e.jsonl: Permission denied" in terminal.types("events", "ingest", file, status=2).stderr


def test_an_empty_file_is_no_fault(terminal: Terminal, house: House) -> None:
    assert terminal.reads("events", "ingest", terminal.file("e.jsonl", ""))["accepted"] == 0
    assert house.asked == []
