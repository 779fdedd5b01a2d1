"""What the bridge reads out of AWS's answers about an event source mapping."""

from typing import Any

import pytest

from localstack.bridge.mapping import read_mapping

LISTED: dict[str, Any] = {
    "UUID": "u-1",
    "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:meterhouse-sink_events",
    "EventSourceArn": "arn:aws:kafka:us-east-1:000000000000:cluster/local/1",
    "BatchSize": 10_000,
    "MaximumBatchingWindowInSeconds": 2,
    "StartingPosition": "TRIM_HORIZON",
    "MaximumRetryAttempts": 5,
    "DestinationConfig": {"OnFailure": {"Destination": "kafka://dead-letter"}},
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "BisectBatchOnFunctionError": True,
}
DECLARED: dict[str, Any] = {
    "Topics": ["events"],
    "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "sink"},
}


def test_topics_and_group_come_from_the_template_and_the_rest_from_the_api() -> None:
    mapping = read_mapping(LISTED, DECLARED)
    assert (mapping.topics, mapping.group) == (("events",), "sink")
    assert (mapping.batch_size, mapping.window_seconds, mapping.start) == (10_000, 2.0, "earliest")
    assert (mapping.max_retries, mapping.dead_letter_topic) == (5, "dead-letter")
    assert mapping.reports_item_failures
    assert mapping.bisects


def test_retries_without_end_are_capped_at_ten_once_there_is_a_dead_letter_topic() -> None:
    assert read_mapping(LISTED | {"MaximumRetryAttempts": -1}, DECLARED).max_retries == 10
    assert read_mapping(LISTED | {"MaximumRetryAttempts": None}, DECLARED).max_retries == 10


def test_retries_are_without_end_when_there_is_nowhere_to_send_the_dead() -> None:
    listed = LISTED | {"MaximumRetryAttempts": -1, "DestinationConfig": {}}
    assert read_mapping(listed, DECLARED).max_retries is None


def test_a_mapping_without_a_group_consumes_in_a_group_of_its_own() -> None:
    assert read_mapping(LISTED, {"Topics": ["events"]}).group == "u-1"


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"Topics": [{"Ref": "Topic"}]},
        DECLARED | {"AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": {"Ref": "G"}}},
    ],
)
def test_topics_and_group_must_be_literals(declared: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be literals"):
        read_mapping(LISTED, declared)
