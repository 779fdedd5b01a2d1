"""How records are cut into invocations."""

import json

from hypothesis import given
from hypothesis import strategies as st

from localstack.bridge import event
from localstack.bridge.delivery import failed_records
from localstack.bridge.event import MAX_PAYLOAD_BYTES, Record, Source, payload, split

SOURCE = Source("arn:aws:kafka:us-east-1:000000000000:cluster/local/1", "127.0.0.1:19092")


def record(offset: int, value: bytes = b"v", partition: int = 0) -> Record:
    return Record("events", partition, offset, 1, "CREATE_TIME", b"key", value)


@given(st.lists(st.integers(0, 2_500_000), max_size=12), st.integers(1, 8))
def test_cutting_loses_nothing_keeps_the_order_and_the_caps(sizes: list[int], batch_size: int) -> None:
    records = [record(n, bytes(size)) for n, size in enumerate(sizes)]
    batches = list(split(SOURCE, records, batch_size))
    assert [one for batch in batches for one in batch] == records
    assert all(0 < len(batch) <= batch_size for batch in batches)
    assert all(len(payload(SOURCE, batch)) <= MAX_PAYLOAD_BYTES for batch in batches)


def test_a_record_above_six_megabytes_stands_alone() -> None:
    records = [record(0), record(1, bytes(5_000_000)), record(2)]
    batches = list(split(SOURCE, records, 100))
    assert batches == [records[:1], records[1:2], records[2:]]
    assert event.too_large(payload(SOURCE, batches[1]))


def test_records_are_grouped_by_partition() -> None:
    body = json.loads(payload(SOURCE, [record(0), record(7, partition=3), record(1)]))
    assert {place: [one["offset"] for one in records] for place, records in body["records"].items()} == {
        "events-0": [0, 1],
        "events-3": [7],
    }


def test_no_answer_means_success_and_an_unreadable_one_means_failure() -> None:
    batch = [record(0), record(1)]
    assert failed_records(batch, b"null") == []
    assert failed_records(batch, b'{"batchItemFailures": []}') == []
    for answer in (b"not json", b'{"batchItemFailures": [{"itemIdentifier": {}}]}', b'{"batchItemFailures": ["x"]}'):
        assert failed_records(batch, answer) == batch
