"""Notices of usage are cut so that each fits an event bus, whatever names producers give."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.metering.notices import LONGEST_NOTICE, Notice, notices

METER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=1024)


def told(cut: Sequence[Notice]) -> list[tuple[str, str]]:
    return [(one["subject"], meter_id) for notice in cut for one in notice for meter_id in one["meterIds"]]


def test_few_subjects_are_one_notice_with_their_meters() -> None:
    used = [("alice", "M1"), ("alice", "M2"), ("bob", "M1")]
    assert notices(used) == [
        [{"subject": "alice", "meterIds": ["M1", "M2"]}, {"subject": "bob", "meterIds": ["M1"]}],
    ]


@pytest.mark.parametrize("character", ["a", "\x01", '"', "é", "😀"])
def test_no_notice_outgrows_its_bytes_however_its_subjects_are_written(character: str) -> None:
    used = [(f"{number}".rjust(4, "0") + character * 1020, METER) for number in range(100)]
    cut = notices(used)
    assert told(cut) == used
    assert max(len(json.dumps(notice)) for notice in cut) <= LONGEST_NOTICE
    assert len(cut) > 100 * 1020 // LONGEST_NOTICE


def test_a_subject_on_very_many_meters_is_told_of_in_several_notices() -> None:
    used = [("alice", f"{number:026}") for number in range(10_000)]
    cut = notices(used)
    assert told(cut) == used
    assert max(len(json.dumps(notice)) for notice in cut) <= LONGEST_NOTICE


@given(st.sets(st.tuples(NAMES, st.just(METER)), max_size=30))
def test_every_subject_and_meter_is_told_of_once(used: set[tuple[str, str]]) -> None:
    cut = notices(sorted(used))
    assert told(cut) == sorted(used)
    assert all(cut)
