"""Tells of grants that have expired and of those issued anew, each once however often it is asked to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from meterhouse.entitlements.announcement import Announcement, Told, Window, announcements
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.list_grant_batches import Announcements, GrantBatch, grant_batch_of
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Concerned:
    """A grant of which something may be told."""

    grant: Grant
    entitlement: Entitlement
    reset_by_hand: Sequence[datetime]


class AnnouncementStore(Announcements, Protocol):
    def concerned(self, window: Window, after_id: str, up_to_id: str) -> Iterable[Concerned]: ...


class AnnounceGrants:
    def __init__(self, begin: Begin[AnnouncementStore]) -> None:
        self._begin = begin

    def __call__(self, batch: GrantBatch) -> int:
        """Publish what the batch's window holds; how much that was, told before or not."""
        with self._begin(batch.namespace) as work:
            told = [
                grant_event(announcement)
                for one in work.store.concerned(batch.window, batch.after_id, batch.up_to_id)
                for announcement in announcements(one.grant, one.entitlement, batch.window, one.reset_by_hand)
            ]
            work.publish(*told)
            work.commit()
        return len(told)

    def finish(self, outcomes: Iterable[Mapping[str, Any]]) -> bool:
        """Note until when all is told in the namespaces of which each batch is complete; whether all are.

        Args:
            outcomes: {"batch", "complete"} of each batch.
        """
        batches = [(grant_batch_of(outcome["batch"]), outcome["complete"] is True) for outcome in outcomes]
        incomplete = {batch.namespace for batch, is_complete in batches if not is_complete}
        told = {batch.namespace: batch.window.until for batch, _ in batches if batch.namespace not in incomplete}
        for namespace, until in told.items():
            with self._begin(namespace) as work:
                work.store.tell_until(until)
                work.commit()
        return not incomplete


_INSTANTS = {Told.EXPIRED: "expiredAt", Told.ISSUED: "issuedAt"}


def grant_event(announcement: Announcement) -> DomainEvent:
    """`grant.expired` or `grant.issued`: one a grant and instant, so that a repeat meets its first writing."""
    grant, entitlement, at = announcement.grant, announcement.entitlement, format_rfc3339(announcement.at)
    return DomainEvent(
        id=derived_ulid(announcement.at, "grant", announcement.told, grant.id, at),
        type=f"grant.{announcement.told}",
        subject=f"grant/{grant.id}",
        occurred_at=announcement.at,
        data={
            "grantId": grant.id,
            "entitlementId": entitlement.id,
            "customerId": entitlement.customer_id,
            "featureKey": entitlement.feature_key,
            "meterId": entitlement.meter_id,
            "amount": f"{grant.amount:f}",
            _INSTANTS[announcement.told]: at,
        },
    )
