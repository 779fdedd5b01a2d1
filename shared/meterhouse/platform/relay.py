"""The relay: from the outbox to the event bus, at least once, in the order they were recorded.

Of two transactions at the same time either may be first. What the bus refuses waits behind all others, and the run
fails at its end, so that the alarm of the function rings as long as anything is refused.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.logging import logger
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "relay.sql")
_BATCH = 10
_KEPT = timedelta(days=30)
"""How long a published event can still be looked up, and its repeat be met here rather than by the consumers."""


class EventBus(Protocol):
    def put(self, events: Sequence[dict[str, Any]]) -> Collection[str]:
        """Publish events {namespace, id, type, subject, occurred_at, data}; the ids of those that were refused.

        Raises:
            Unavailable: there was no answer; any of them may have been published.
        """


def relay_outbox(database: Database, bus: EventBus) -> int:
    """Publish what waits in every namespace's outbox, and forget what was published long ago; the number published.

    An event is marked only after the bus took it: a crash in between publishes it again under the same id.

    Raises:
        Unavailable: the bus did not take some events; all others were published.
    """
    published, faults = 0, list[Exception]()
    for namespace in all_namespaces(database):
        try:
            published += _relay_namespace(database, bus, namespace)
        except Exception as fault:  # noqa: BLE001 - no namespace waits for another's fault
            logger.exception("events not relayed", extra={"namespace": namespace})
            faults.append(fault)
    if faults:
        raise faults[0]
    return published


def _relay_namespace(database: Database, bus: EventBus, namespace: str) -> int:
    started, published, refused = clock.now(), 0, 0
    while True:
        with database.transaction(namespace) as transaction:
            waiting = transaction.fetch_all(_SQL["waiting_events"], {"limit": _BATCH, "started": started})
            if not waiting:
                transaction.execute(_SQL["forget_published"], {"before": clock.now() - _KEPT})
                transaction.commit()
                break
            events, fault = _at_once(waiting), None
            try:
                ids = set(bus.put(events))
            except Unavailable as error:
                fault, ids = error, {event["id"] for event in events}
            _mark(transaction, events, ids)
            transaction.commit()
        if fault:
            raise fault
        published, refused = published + len(events) - len(ids), refused + len(ids)
    if refused:
        raise Unavailable(f"the event bus refused {refused} event(s)")
    return published


def _at_once(waiting: list[Row]) -> list[Row]:
    """Those that go together: one that was refused before goes alone, for it may take those beside it with it."""
    return [event for event in waiting if event["refused_at"] is None] or waiting[:1]


def _mark(transaction: Transaction, events: list[Row], refused: Collection[str]) -> None:
    at: datetime = clock.now()
    taken = [event["id"] for event in events if event["id"] not in refused]
    transaction.execute(_SQL["mark_published"], {"ids": taken, "at": at})
    transaction.execute(_SQL["mark_refused"], {"ids": list(refused), "at": at})


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
