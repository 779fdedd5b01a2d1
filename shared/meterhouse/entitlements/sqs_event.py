"""The event that SQS's event source mapping sends, and its answer: which messages are to be delivered again."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.entitlements.notice import Notice, notice_of
from meterhouse.platform.logging import logger

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def batch_handler(evaluate: Callable[[Sequence[Notice]], set[str]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A task over a batch of messages; an exception has the whole batch delivered again."""

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        notices, unreadable = _read(event)
        failed = unreadable | evaluate(notices)
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}

    return handle


def _read(event: Mapping[str, Any]) -> tuple[list[Notice], set[str]]:
    notices: list[Notice] = []
    unreadable: set[str] = set()
    for record in event["Records"]:
        message_id = record["messageId"]
        try:
            sent_at = _EPOCH + int(record["attributes"]["SentTimestamp"]) * _MILLISECOND
            notices.append(notice_of(message_id, sent_at, json.loads(record["body"])))
        except (ValueError, KeyError, TypeError):
            logger.exception("a message is no domain event", extra={"message_id": message_id})
            unreadable.add(message_id)
    return notices, unreadable
