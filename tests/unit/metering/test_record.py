"""What the sink takes of the log: records as ingest writes them, and nothing that it could die of."""

import pytest

from meterhouse.metering.record import MOST_EVENTS, Poison, decode_record
from meterhouse.metering.request import Limits
from tests.unit.metering.poison import POISON, record


@pytest.mark.parametrize("name", POISON)
def test_what_no_retry_can_read_says_why(name: str) -> None:
    with pytest.raises(Poison, match=r"\w"):
        decode_record(POISON[name] or b"")


def test_a_record_of_ours_is_no_poison() -> None:
    deep = '{"id":"1","source":"s","type":"t","subject":"é","data":' + '{"a":' * 127 + "1" + "}" * 127 + "}"
    assert [event.subject for event in decode_record(record(deep, deep)).events] == ["é", "é"]


def test_a_record_has_room_for_every_request() -> None:
    assert Limits().events <= MOST_EVENTS
    event = '{"id":"1","source":"s","type":"t","subject":"a"}'
    assert len(decode_record(record(*[event] * MOST_EVENTS)).events) == MOST_EVENTS
