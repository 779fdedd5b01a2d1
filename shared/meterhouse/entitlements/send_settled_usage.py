"""Usage of settled reservations: onto the log of events, until the usage store counts it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from msgspec import Raw
from msgspec.json import encode

from meterhouse.entitlements.evaluation import COUNTING
from meterhouse.entitlements.reservation import Reservation
from meterhouse.entitlements.settled_usage import usage_events
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.ingest import EventLog
from meterhouse.metering.model import Meter
from meterhouse.metering.record import encode_record
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A settled reservation whose usage was not seen to be counted yet.

    Attributes:
        meter: that is to count it.
        sent_at: when its usage was last put on the log; None: not yet.
    """

    reservation: Reservation
    meter: Meter
    sent_at: datetime | None = None

    def is_to_be_sent(self, at: datetime) -> bool:
        return self.sent_at is None or self.sent_at + COUNTING <= at

    def events(self) -> Sequence[CloudEvent]:
        return usage_events(self.reservation, self.meter)


class SettledReservations(Protocol):
    def uncounted(self, entitlement_ids: Collection[str]) -> Sequence[OnItsWay]: ...

    def sent(self, reservation_ids: Collection[str], at: datetime) -> None:
        """Note that their usage was put on the log."""


class CountedUsage(Protocol):
    def counted(self, namespace: str, events: Mapping[str, Sequence[CloudEvent]]) -> Collection[str]:
        """The ids of those events, given by meter id, that their meter counts."""


class SendSettledUsage:
    """Sent at least once and always the same: identities make a repeat harmless."""

    def __init__(
        self,
        begin: Begin[SettledReservations],
        usage: CountedUsage,
        log: EventLog,
        now: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._log = log
        self._now = now

    def __call__(self, namespace: str, entitlement_ids: Collection[str]) -> Collection[str]:
        """Send what was not sent yet or took too long; the reservations whose usage is counted by now.

        Raises:
            Unavailable: a store or the log did not answer; all may be repeated.
        """
        with self._begin(namespace) as work:
            waiting = work.store.uncounted(entitlement_ids)
        counted, at = self._counted(namespace, waiting) if waiting else set(), self._now()
        due = [one for one in waiting if one.reservation.id not in counted and one.is_to_be_sent(at)]
        for one in due:
            events = one.events()
            record = encode_record(namespace, Raw(encode(events)), at)
            self._log.append(namespace, record, len(events), at)
        if due:
            with self._begin(namespace) as work:
                work.store.sent([one.reservation.id for one in due], at)
                work.commit()
        return counted

    def _counted(self, namespace: str, waiting: Iterable[OnItsWay]) -> set[str]:
        by_meter: dict[str, list[CloudEvent]] = {}
        for one in waiting:
            by_meter.setdefault(one.meter.id, []).extend(one.events())
        known = set(self._usage.counted(namespace, by_meter))
        return {one.reservation.id for one in waiting if all(event.id in known for event in one.events())}
