"""Sends what is due, in many threads at once, and keeps what came of it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.ids import derived_ulid
from meterhouse.notifications.events import channel_event
from meterhouse.notifications.notification import CLOSED
from meterhouse.notifications.outcome import Outcome
from meterhouse.notifications.retries import after_attempt
from meterhouse.notifications.sending import Attempt, Claim
from meterhouse.platform.logging import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from meterhouse.notifications.channel import Channel
    from meterhouse.notifications.sending_ports import Sender, SendingStore
    from meterhouse.platform.work import Begin, Work

THREADS = 32
MOST_IN_TURN = 8
"""How many messages a namespace is claimed before another has its turn."""

OURS = "it could not be made or sent, by a fault of ours"
_Tried = tuple["datetime", "Outcome", Exception | None]


@dataclass
class Tally:
    """What a run did; `disabled` are the channels it gave up."""

    delivered: int = 0
    failed: int = 0
    disabled: int = 0


@dataclass
class _Run:
    """Where a run stands: the namespaces that may have something to send, and what is being sent."""

    turns: deque[str]
    until: datetime
    sending: dict[Future[_Tried], tuple[str, Claim]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    faults: list[Exception] = field(default_factory=list)


class Deliver:
    """A message is leased in one transaction, sent outside of any, and settled in another.

    A worker that dies in between leaves a lease that ends: the message is sent again under the same id.
    """

    def __init__(
        self,
        begin: Begin[SendingStore],
        sender: Sender,
        now: Callable[[], datetime],
        new_lease: Callable[[], str],
        threads: int = THREADS,
    ) -> None:
        self._begin = begin
        self._sender = sender
        self._now = now
        self._new_lease = new_lease
        self._threads = threads

    def __call__(self, namespaces: Iterable[str], until: datetime) -> Tally:
        """Send what is due in the namespaces, beginning nothing after `until`.

        Raises:
            Unavailable: some of it could not be claimed, sent or settled; all else was.
            Exception: the first of our own faults; its message is settled as one that was not taken.
        """
        run = _Run(deque(dict.fromkeys(namespaces)), until)
        with ThreadPoolExecutor(self._threads, "send") as pool:
            while True:
                self._begin_sending(run, pool)
                if not run.sending:
                    break
                done, _ = wait(run.sending, return_when=FIRST_COMPLETED)
                for tried in done:
                    self._finish(run, tried)
        if run.faults:
            raise run.faults[0]
        return run.tally

    def _begin_sending(self, run: _Run, pool: ThreadPoolExecutor) -> None:
        """Each namespace in turn, as long as there is a thread free and something to send."""
        while run.turns and len(run.sending) < self._threads and self._now() < run.until:
            namespace = run.turns.popleft()
            try:
                claims = self._claim(namespace, min(MOST_IN_TURN, self._threads - len(run.sending)))
            except Exception as fault:  # noqa: BLE001 - no namespace waits for another's fault
                logger.exception("messages not claimed", extra={"namespace": namespace})
                run.faults.append(fault)
                continue
            for claim in claims:
                run.sending[pool.submit(self._send, namespace, claim)] = (namespace, claim)
            if claims:
                run.turns.append(namespace)

    def _claim(self, namespace: str, most: int) -> list[Claim]:
        at = self._now()
        with self._begin(namespace) as work:
            endpoints = work.store.waiting(at, most)
            for channel in (one.channel for one in endpoints if not one.channel.is_open):
                work.store.fail_waiting(channel.id, channel.disabled_reason or CLOSED, at)
            is_open = [one for one in endpoints if one.channel.is_open]
            claims = work.store.lease(is_open, most, self._new_lease(), at)
            work.commit()
        return claims

    def _send(self, namespace: str, claim: Claim) -> _Tried:
        """An attempt; what we cannot make a message of fails as one, or it would be tried by the minute for ever."""
        at = self._now()
        try:
            return at, self._sender.send(namespace, claim.channel, claim.notification, at), None
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - told by the run, once this is settled
            return at, Outcome(OURS, timedelta()), fault

    def _finish(self, run: _Run, tried: Future[_Tried]) -> None:
        namespace, claim = run.sending.pop(tried)
        try:
            at, outcome, ours = tried.result()
            self._settle(namespace, claim, at, outcome, run.tally)
        except Exception as fault:  # noqa: BLE001 - its lease ends, and it is sent again; the others go on
            logger.exception("a message was not sent or not settled", extra={"notification": claim.notification.id})
            run.faults.append(fault)
        else:
            if ours is not None:
                logger.error("a message failed", exc_info=ours, extra={"notification": claim.notification.id})
                run.faults.append(ours)
        if namespace not in run.turns:
            run.turns.append(namespace)

    def _settle(self, namespace: str, claim: Claim, at: datetime, outcome: Outcome, tally: Tally) -> None:
        now, channel_id = self._now(), claim.channel.id
        with self._begin(namespace) as work:
            endpoint = work.store.endpoint(channel_id)
            health = endpoint.health.after(outcome, now)
            counts = outcome.succeeded or not health.is_down
            delivery = after_attempt(claim.delivery, claim.tries + counts, health, outcome, now)
            work.store.add_attempt(Attempt(claim.notification.id, channel_id, claim.lease, at, counts, outcome))
            asked = work.store.locked_delivery(claim.notification.id, channel_id)
            delivery = delivery.kept_for(asked or claim.delivery, claim.delivery)
            if work.store.settle(delivery, claim.lease):
                work.store.keep_health(channel_id, health, now)
                reason = health.given_up(outcome, now)
                if reason and endpoint.channel.is_open:
                    _give_up(work, endpoint.channel, reason, now)
                    tally.disabled += 1
            work.commit()
        tally.delivered += outcome.succeeded
        tally.failed += not outcome.succeeded


def _give_up(work: Work[SendingStore], channel: Channel, reason: str, at: datetime) -> None:
    """Disable the channel, and say so: on it, on what waited for it, and to whoever listens to domain events."""
    closed = replace(channel, disabled=True, disabled_reason=reason, updated_at=at)
    work.store.save_channel(closed)
    work.store.fail_waiting(channel.id, reason, at)
    event_id = derived_ulid(at, "notification_channel", "disabled", channel.id, at.isoformat())
    work.publish(channel_event(event_id, "disabled", closed, at))
