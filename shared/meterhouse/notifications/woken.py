"""What makes us send: messages of the bus, and the clock."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from meterhouse.platform.logging import counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from meterhouse.notifications.deliver import Deliver
    from meterhouse.notifications.sending_ports import SendingStore
    from meterhouse.platform.work import Begin

BEGINS_FOR = timedelta(seconds=40)
"""How long a run begins attempts; with the last one it stays below the function's timeout."""
LATE = timedelta(minutes=5)


class Woken:
    """A task over a batch of `notification.due`, or over nothing: then every namespace is looked through.

    A message of the bus only says where to look: what is due stands in the database, and is found by the clock, too.
    """

    def __init__(
        self,
        deliver: Deliver,
        begin: Begin[SendingStore],
        namespaces: Callable[[], Iterable[str]],
        now: Callable[[], datetime],
    ) -> None:
        self._deliver = deliver
        self._begin = begin
        self._namespaces = namespaces
        self._now = now

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Raises `Unavailable` where something was left to be done again."""
        by_clock = "Records" not in event
        namespaces = sorted(self._namespaces() if by_clock else _named(event))
        if by_clock:
            counts({"ChannelsLate": sum(self._late(namespace) for namespace in namespaces)})
        tally = self._deliver(namespaces, self._now() + BEGINS_FOR)
        told = {"delivered": tally.delivered, "failed": tally.failed, "disabled": tally.disabled}
        counts(
            {
                "MessagesDelivered": tally.delivered,
                "AttemptsFailed": tally.failed,
                "ChannelsDisabled": tally.disabled,
            }
        )
        return told | {"batchItemFailures": []}

    def _late(self, namespace: str) -> int:
        with self._begin(namespace) as work:
            return work.store.late(self._now() - LATE)


def _named(event: dict[str, Any]) -> set[str]:
    return {json.loads(record["body"])["detail"]["namespace"] for record in event["Records"]}
