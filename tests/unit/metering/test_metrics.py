import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.metering.metrics import open_metrics

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
SAMPLE = re.compile(r'openmeter_events_total\{subject="((?:[^"\\\n]|\\[\\n"])*)"\} (\d+)')


def test_a_counter_family_is_declared_and_ends_even_without_events() -> None:
    assert open_metrics([], MIDNIGHT).splitlines() == [
        "# TYPE openmeter_events counter",
        "# HELP openmeter_events Number of ingested events",
        "# EOF",
    ]


def test_each_subject_has_its_total_and_the_midnight_it_counts_from() -> None:
    assert open_metrics([("alice", 2)], MIDNIGHT).splitlines()[2:-1] == [
        'openmeter_events_total{subject="alice"} 2',
        'openmeter_events_created{subject="alice"} 1772323200',
    ]


def test_backslashes_quotes_and_line_feeds_of_a_subject_are_escaped() -> None:
    line = open_metrics([('a\\n"b"\n', 1)], MIDNIGHT).split("\n")[2]
    assert line == r'openmeter_events_total{subject="a\\n\"b\"\n"} 1'


@given(st.dictionaries(SUBJECTS, st.integers(1, 2**63)))
def test_a_reader_of_the_text_finds_every_subject_as_it_is(counts: dict[str, int]) -> None:
    meaning = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
    found = {}
    for line in open_metrics(counts.items(), MIDNIGHT).split("\n"):
        if line.startswith("openmeter_events_total"):
            subject, count = SAMPLE.fullmatch(line).groups()  # type: ignore[union-attr] # no match fails the test
            found[re.sub(r'\\[\\n"]', lambda escape: meaning[escape[0]], subject)] = int(count)
    assert found == counts
