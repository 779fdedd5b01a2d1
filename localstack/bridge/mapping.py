"""An event source mapping as the bridge needs it, read from what AWS's own APIs say about it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# With a dead-letter destination, AWS turns "retry for ever" into this many retries.
CAPPED_RETRIES = 10
DEFAULT_BATCH_SIZE = 100
DEFAULT_WINDOW_SECONDS = 0.5
KAFKA_DESTINATION = "kafka://"


@dataclass(frozen=True, slots=True)
class KafkaMapping:
    uuid: str
    function: str
    event_source_arn: str
    topics: tuple[str, ...]
    group: str
    batch_size: int = DEFAULT_BATCH_SIZE
    window_seconds: float = DEFAULT_WINDOW_SECONDS
    start: Literal["earliest", "latest"] = "earliest"
    max_retries: int | None = None
    """Retries after the first attempt; None: until it succeeds."""
    dead_letter_topic: str | None = None
    reports_item_failures: bool = False
    bisects: bool = False


def read_mapping(listed: Mapping[str, Any], declared: Mapping[str, Any]) -> KafkaMapping:
    """One mapping.

    Args:
        listed: the item of ListEventSourceMappings.
        declared: the properties of its resource in the stack's template. The emulator forgets topics and consumer
            group, so both must stand there as literal strings.

    Raises:
        ValueError: topics or group are missing or no literals.
    """
    uuid = listed["UUID"]
    topics = declared.get("Topics") or ()
    group = (declared.get("AmazonManagedKafkaEventSourceConfig") or {}).get("ConsumerGroupId") or uuid
    if not topics or not all(isinstance(name, str) for name in (*topics, group)):
        raise ValueError(
            f"event source mapping {uuid}: Topics and ConsumerGroupId must be literals, not {topics}, {group}"
        )
    dead_letter_topic = _dead_letter_topic(listed)
    return KafkaMapping(
        uuid=uuid,
        function=listed["FunctionArn"],
        event_source_arn=listed["EventSourceArn"],
        topics=tuple(topics),
        group=group,
        batch_size=listed.get("BatchSize") or DEFAULT_BATCH_SIZE,
        window_seconds=_window(listed),
        start="latest" if listed.get("StartingPosition") == "LATEST" else "earliest",
        max_retries=_max_retries(listed.get("MaximumRetryAttempts"), dead_letter_topic),
        dead_letter_topic=dead_letter_topic,
        reports_item_failures="ReportBatchItemFailures" in _list(listed.get("FunctionResponseTypes")),
        bisects=bool(listed.get("BisectBatchOnFunctionError")),
    )


def _window(listed: Mapping[str, Any]) -> float:
    seconds = listed.get("MaximumBatchingWindowInSeconds")
    return DEFAULT_WINDOW_SECONDS if seconds is None else float(seconds)


def _max_retries(limit: int | None, dead_letter_topic: str | None) -> int | None:
    if limit is not None and limit >= 0:
        return limit
    return CAPPED_RETRIES if dead_letter_topic else None


def _dead_letter_topic(listed: Mapping[str, Any]) -> str | None:
    destination = ((listed.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or ""
    return destination.removeprefix(KAFKA_DESTINATION) if destination.startswith(KAFKA_DESTINATION) else None


def _list(value: Sequence[str] | None) -> Sequence[str]:
    return value or ()
