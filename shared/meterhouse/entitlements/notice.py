"""What the balance worker hears: domain events that may have moved balances."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """A domain event as it was delivered.

    Attributes:
        message_id: of the delivery; one event may be delivered more than once.
        sent_at: when it was put on the queue: what it tells of was saved before.
        usage: the subjects that used something, each with the ids of the meters it was counted by.
        customer_ids: customers of whom all entitlements may have moved.
        entitlement_ids: entitlements that may have moved.
    """

    message_id: str
    namespace: str
    sent_at: datetime
    usage: tuple[tuple[str, tuple[str, ...]], ...] = ()
    customer_ids: tuple[str, ...] = ()
    entitlement_ids: tuple[str, ...] = ()


def notice_of(message_id: str, sent_at: datetime, event: Mapping[str, Any]) -> Notice:
    """The notice of an event on the bus.

    Raises:
        KeyError, TypeError: it is none of ours.
    """
    detail = event["detail"]
    namespace, kind, data = str(detail["namespace"]), event["detail-type"], detail["data"]
    match kind:
        case "usage.ingested":
            used = tuple((str(one["subject"]), tuple(one["meterIds"])) for one in data["usage"])
            return Notice(message_id, namespace, sent_at, usage=used)
        case "customer.updated":
            return Notice(message_id, namespace, sent_at, customer_ids=(data["customerId"],))
        case "entitlement.came_due":
            return Notice(message_id, namespace, sent_at, entitlement_ids=tuple(data["entitlementIds"]))
    return Notice(message_id, namespace, sent_at, entitlement_ids=(data["entitlementId"],))
