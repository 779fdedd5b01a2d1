"""Lines that are no usage events: told, passed over, kept."""

import pytest

from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import House
from tests.integration.cli.given import BUSY, FLIGHTS, MAPPING, lines


def test_a_refused_event_is_told_by_its_line(terminal: Terminal, house: House) -> None:
    content = lines(3) + "\n" + lines(1, time="yesterday") + lines(2)

    refused = terminal.reads("events", "ingest", terminal.file("e.jsonl", content), "--batch", "2", status=1)

    assert [(fault["line"], fault["field"]) for fault in refused["faults"]] == [(5, "/time")]
    assert refused["accepted"] == len(house.events) == 2
    told = terminal.types("events", "ingest", "e.jsonl", "--batch", "2", status=1)
    assert "line 5: /time: " in told.stderr
    assert "1 invalid line\n" in told.stderr
    assert "--skip-invalid" in told.stderr


def test_invalid_lines_are_passed_over_when_asked_and_kept(terminal: Terminal, house: House) -> None:
    bad = ["{", '{"type":"","subject":"u"}', '{"type":"t","subject":"u","time":"x"}']
    content = lines(4) + "\n".join(bad) + "\n" + lines(4, data={"v": 2})
    file = terminal.file("e.jsonl", content)

    done = terminal.reads("events", "ingest", file, "--batch", "5", "--skip-invalid")

    assert (done["accepted"], done["rejected"], len(house.events)) == (8, 3, 8)
    assert [fault["line"] for fault in done["faults"]] == [5, 6, 7]
    assert (terminal.folder / "e.jsonl.rejected").read_text().splitlines() == bad


@pytest.mark.parametrize("options", [[], ["--rejected", "e.jsonl"]], ids=["another run's rejects", "the input"])
def test_no_file_is_written_over_with_rejected_lines(terminal: Terminal, house: House, options: list[str]) -> None:
    file, held = terminal.file("e.jsonl", lines(2) + "{\n"), options[-1] if options else "e.jsonl.rejected"
    before = (terminal.folder / terminal.file(held, lines(2) + "{\n")).read_bytes()

    ended = terminal.types("events", "ingest", file, "--skip-invalid", *options, status=2)

    assert f"{held} is there already" in ended.stderr
    assert (terminal.folder / held).read_bytes() == before
    assert house.asked == []


def test_the_rejected_lines_of_an_interrupted_run_stay_in_one_file(terminal: Terminal, house: House) -> None:
    file = terminal.file("e.jsonl", "{\n" + lines(20))
    house.before = lambda _: BUSY if len(house.asked) > 1 else None
    terminal.types("events", "ingest", file, "--batch", "10", "--skip-invalid", status=1)
    house.before = lambda _: None

    ended = terminal.types("events", "ingest", file, "--batch", "10", "--skip-invalid", "--rejected", "b", status=2)
    done = terminal.types("events", "ingest", file, "--batch", "10", "--skip-invalid")

    assert "e.jsonl.rejected: name it with --rejected" in ended.stderr
    assert "the rejected lines are in e.jsonl.rejected" in done.stderr
    assert (terminal.folder / "e.jsonl.rejected").read_bytes() == b"{\n"


def test_rejected_rows_keep_their_header(terminal: Terminal) -> None:
    file = terminal.file("flights.csv", FLIGHTS + "DL,LGA,3,2026-01-01,far\n")

    terminal.types("events", "ingest", file, *MAPPING, "--skip-invalid", "--rejected", "bad.csv")

    header = FLIGHTS.partition("\n")[0]
    assert (terminal.folder / "bad.csv").read_text() == f"{header}\nDL,LGA,3,2026-01-01,far\n"


def test_lines_are_counted_through_rows_of_many(terminal: Terminal, house: House) -> None:
    content = 'who,when\n"a\nb",2026-01-01T00:00:00Z\nc,never\n'
    mapping = ("--map", "type=t", "--map", "subject=@who", "--map", "time=@when")

    refused = terminal.reads("events", "ingest", terminal.file("f.csv", content), *mapping, status=1)

    assert [(fault["line"], fault["field"]) for fault in refused["faults"]] == [(4, "/time")]
    assert house.events == {}
