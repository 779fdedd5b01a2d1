"""The relay: from the outbox to the event bus, at least once, in the order they were recorded.

Of two transactions at the same time either may be first.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "relay.sql")
_BATCH = 10
"""PutEvents takes at most ten entries a call."""
_KEPT = timedelta(days=30)
"""How long a published event can still be looked up, and its repeat be met here rather than by the consumers."""


class EventBus(Protocol):
    def put(self, events: Sequence[dict[str, Any]]) -> None:
        """Publish events {namespace, id, type, subject, occurred_at, data}; all or an exception."""


def relay_outbox(database: Database, bus: EventBus) -> int:
    """Publish what waits in every namespace's outbox, and forget what was published long ago; the number published.

    An event is marked only after the bus took it: a crash in between publishes it again under the same id.
    """
    return sum(_relay_namespace(database, bus, namespace) for namespace in all_namespaces(database))


def _relay_namespace(database: Database, bus: EventBus, namespace: str) -> int:
    published = 0
    while True:
        with database.transaction(namespace) as transaction:
            waiting = transaction.fetch_all(_SQL["waiting_events"], {"limit": _BATCH})
            if not waiting:
                transaction.execute(_SQL["forget_published"], {"before": clock.now() - _KEPT})
                transaction.commit()
                return published
            bus.put(waiting)
            ids = [event["id"] for event in waiting]
            transaction.execute(_SQL["mark_published"], {"ids": ids, "at": clock.now()})
            transaction.commit()
        published += len(waiting)


def entry(event: dict[str, Any], bus_name: str) -> dict[str, Any]:
    """A PutEvents entry; the event's own id travels in the detail, for consumers to recognise a repeat."""
    detail = {key: event[key] for key in ("namespace", "id", "type", "subject", "data")}
    return {
        "EventBusName": bus_name,
        "Source": "meterhouse",
        "DetailType": event["type"],
        "Time": event["occurred_at"].timestamp(),
        "Detail": json.dumps(detail | {"occurredAt": format_rfc3339(event["occurred_at"])}),
    }
