"""The order of writing, unpacked from the number that the usage store makes of it."""

from itertools import starmap

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.metering.record import MOST_EVENTS
from meterhouse.metering.written import Written, unpacked

WRITTEN = st.builds(
    Written,
    ingested_ms=st.integers(0, (1 << 44) - 1),
    partition=st.integers(0, (1 << 12) - 1),
    offset=st.integers(0, (1 << 44) - 1),
    position=st.integers(0, MOST_EVENTS),
)


def packed(ingested_ms: int, partition: int, offset: int, position: int) -> int:
    """As migration 0200 does."""
    return (ingested_ms << 84) + (partition << 72) + (offset << 28) + (position << 14)


@given(WRITTEN, st.integers(0, (1 << 14) - 1))
def test_what_the_store_packs_is_unpacked_whatever_the_revision(written: Written, revision: int) -> None:
    assert unpacked(packed(*written) + revision) == written


@given(st.lists(WRITTEN))
def test_the_numbers_have_the_order_of_what_is_in_them(several: list[Written]) -> None:
    assert sorted(starmap(packed, several)) == [packed(*one) for one in sorted(several)]
