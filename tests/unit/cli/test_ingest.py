"""An ingest that is killed anywhere ends as one that was not."""

import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.batch import batches, body_of
from meterhouse.cli.checkpoint import Checkpoint, Progress, checkpoint_key, file_key
from meterhouse.cli.errors import Misused, Refused
from meterhouse.cli.ingest import Ingest, InvalidLines
from meterhouse.cli.json_lines import json_line_records
from meterhouse.cli.record import Identity, Record
from meterhouse.cli.rejected import rejected_lines
from meterhouse.client.problem import FieldFault, Refusal
from meterhouse.kernel.errors import InvalidInput, TooLarge
from meterhouse.metering.decode import check_events
from meterhouse.metering.faults import Shape

MOST = 5
T = TypeVar("T")
SOUND = b'{"type":"t","subject":"u","n":%d}\n'
REFUSED = [
    b'{"type":"t","n":%d}\n',
    b'{"type":"","subject":"u","n":%d}\n',
    b'{"type":"\\ud800","subject":"u","n":%d}\n',
]
BROKEN = [b"{%d\n", b"[%d]\n"]
KINDS = st.sampled_from([SOUND, SOUND, SOUND, *REFUSED, *BROKEN])


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


class House:
    """The endpoint: takes a batch whole or not at all, by ingest's own rules, and counts each identity once."""

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.requests = 0

    def take(self, body: bytes) -> None:
        self.requests += 1
        try:
            check_events(body, Shape.BATCH, MOST)
        except InvalidInput as error:
            faults = tuple(FieldFault(one.field, one.message) for one in error.problems)
            raise Refused(Refusal(400, "Bad Request", str(error), faults)) from None
        except TooLarge as error:
            raise Refused(Refusal(413, "Too Large", str(error))) from None
        self.events |= {event["id"]: event["n"] for event in json.loads(body)}


class Dying:
    """Lets so many steps pass, then kills: before and after a request was taken, before and after a checkpoint."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def around(self, do: Callable[[T], None]) -> Callable[[T], None]:
        def doing(given: T) -> None:
            self.step()
            do(given)
            self.step()

        return doing


class DyingCheckpoint:
    def __init__(self, checkpoint: Checkpoint, dying: Dying) -> None:
        self.write = dying.around(checkpoint.write)


def run(lines: list[bytes], house: House, folder: Path, dying: Dying, *, skip: bool = True, most: int = MOST) -> Ingest:
    checkpoint = Checkpoint(folder / "state" / "checkpoint.json", "key")
    progress = checkpoint.read()
    rejects = rejected_lines(folder / "rejected", progress) if skip else None
    work = Ingest(dying.around(house.take), DyingCheckpoint(checkpoint, dying), rejects, progress)
    work(json_line_records(lines, Identity(None, "f")), most)
    if rejects is not None:
        rejects.finish()
    return work


def file_of(kinds: list[bytes]) -> list[bytes]:
    return [kind % number for number, kind in enumerate(kinds)]


@given(st.lists(KINDS, max_size=20), st.lists(st.integers(0, 20), max_size=6), st.integers(1, 8))
def test_killed_anywhere_and_run_again_nothing_is_lost_and_nothing_doubled(
    kinds: list[bytes], deaths: list[int], most: int
) -> None:
    lines, house = file_of(kinds), House()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for steps in deaths:
            try:
                run(lines, house, folder, Dying(steps), most=most)
            except Killed:
                continue
        work = run(lines, house, folder, Dying(10_000), most=most)
        rejected = (folder / "rejected").read_bytes() if (folder / "rejected").exists() else b""

    sound = [number for number, kind in enumerate(kinds) if kind is SOUND]
    assert sorted(house.events.values()) == sound
    assert (work.progress.accepted, work.progress.rejected) == (len(sound), len(lines) - len(sound))
    assert rejected == b"".join(line for line, kind in zip(lines, kinds, strict=True) if kind is not SOUND)


@given(st.lists(KINDS, min_size=1, max_size=20))
def test_without_leave_to_skip_it_stops_and_says_how_far_it_came(kinds: list[bytes]) -> None:
    lines, house = file_of(kinds), House()
    with TemporaryDirectory() as name:
        try:
            run(lines, house, Path(name), Dying(10_000), skip=False)
        except InvalidLines:
            stopped = True
        else:
            stopped = False
        progress = Checkpoint(Path(name) / "state" / "checkpoint.json", "key").read()

    first_fault = next((number for number, kind in enumerate(kinds) if kind is not SOUND), len(kinds))
    assert stopped is (first_fault < len(kinds))
    assert progress.line <= first_fault
    assert len(house.events) >= progress.accepted == progress.line


def test_a_finished_part_is_not_sent_again(tmp_path: Path) -> None:
    lines, house = file_of([SOUND] * 20), House()
    with pytest.raises(Killed):
        run(lines, house, tmp_path, Dying(8))
    before = house.requests

    run(lines, house, tmp_path, Dying(10_000))

    assert (len(house.events), before, house.requests) == (20, 2, 4)


def test_faults_name_the_line_and_the_member(tmp_path: Path) -> None:
    work = run(file_of([SOUND, REFUSED[0], BROKEN[0], SOUND, REFUSED[2]]), House(), tmp_path, Dying(100))

    told = sorted((fault.line, fault.field) for fault in work.faults)
    assert told == [(2, "/subject"), (3, ""), (5, "")]


def test_a_refusal_of_the_caller_is_no_fault_of_a_line(tmp_path: Path) -> None:
    def send(_: bytes) -> None:
        raise Refused(Refusal(400, "Bad Request", "what is this?"))

    work = Ingest(send, None, rejected_lines(tmp_path / "rejected", Progress()))

    with pytest.raises(Refused):
        work([Record(1, b"{}", b"{}")], 10)
    assert work.progress == Progress()


def test_what_a_killed_run_rejected_and_the_next_does_not_is_gone(tmp_path: Path) -> None:
    for steps in (3, 100):
        lines = file_of([REFUSED[1] if steps == 3 else SOUND])
        with suppress(Killed):
            run(lines, House(), tmp_path, Dying(steps))
        left = (tmp_path / "rejected").exists()

        assert left is (steps == 3)


def test_rejected_lines_would_survive_a_crash_before_the_checkpoint_is_past_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[str, int]] = []

    def fsync(file: int) -> None:
        rejects, of = tmp_path / "rejected", os.fstat(file)
        mine = rejects.exists() and rejects.stat().st_ino == of.st_ino
        kept.append(("rejects" if mine else "checkpoint", of.st_size if mine else 0))

    monkeypatch.setattr(os, "fsync", fsync)
    lines = file_of([BROKEN[0]])
    run(lines, House(), tmp_path, Dying(100))

    assert kept == [("checkpoint", 0), ("rejects", len(lines[0])), ("checkpoint", 0)]


RECORDS = st.lists(st.binary(max_size=9).map(lambda event: Record(1, b"", event)))


@given(RECORDS, st.integers(1, 5), st.integers(1, 20))
def test_batches_are_the_records_in_order_within_the_limits(records: list[Record], most: int, size: int) -> None:
    made = list(batches(records, most, size))

    assert [one for batch in made for one in batch] == records
    assert all(0 < len(batch) <= most for batch in made)
    assert all(len(batch) == 1 or sum(len(one.event) + 1 for one in batch) <= size + 1 for batch in made)


def test_a_body_is_an_array_of_the_events() -> None:
    assert json.loads(body_of([Record(1, b"", b'{"a":1}'), Record(2, b"", b"{}")])) == [{"a": 1}, {}]


def test_a_checkpoint_of_other_work_is_not_gone_on_from(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "c", "mine").write(Progress(7, 6, 1, 30, "/r"))

    assert Checkpoint(tmp_path / "c", "mine").read() == Progress(7, 6, 1, 30, "/r")
    assert Checkpoint(tmp_path / "c", "yours").read() == Progress()
    assert Checkpoint(tmp_path / "none", "mine").read() == Progress()
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"key": "k", "progress": {"lines": 1}}', '{"key": "k", "progress": 1}']
)
def test_a_file_that_is_no_checkpoint_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes"
    path.write_text(text)

    with pytest.raises(Misused, match="no checkpoint"):
        Checkpoint(path, "k").read()


def test_a_file_that_was_changed_has_another_key(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"one\n")
    first = file_key(path, "url", "key")
    path.write_bytes(b"two\n")

    assert len({first, file_key(path, "url", "key"), file_key(path, "other", "key"), file_key(path, "urlkey")}) == 4


@given(
    st.lists(st.tuples(st.binary(max_size=3), st.integers(0, 3), st.lists(st.text(max_size=2), max_size=3)), max_size=6)
)
def test_different_work_has_different_keys(works: list[tuple[bytes, int, list[str]]]) -> None:
    different = {(head, size, tuple(options)) for head, size, options in works}
    keys = Counter(checkpoint_key(head, size, 0, *options) for head, size, options in different)

    assert len(keys) == len(different)
