"""When a message is sent again, and when an endpoint is given up. Pure.

Two things can be wrong, and each has a schedule of its own. A message that its receiver does not take, while it takes
others, is tried at growing distances over six days. An endpoint that takes nothing is asked by one message at a time,
at most an hour apart, and all others wait for it: the cost of an outage does not grow with what waits, and once the
endpoint is back it is known within the hour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from meterhouse.notifications.notification import Delivery, DeliveryState

if TYPE_CHECKING:
    from meterhouse.notifications.outcome import Outcome

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
OF_A_MESSAGE = (
    _MINUTE,
    5 * _MINUTE,
    30 * _MINUTE,
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24, 24, 24, 24)),
)
"""How long a message that failed waits, after its first attempt and so on."""
OF_AN_ENDPOINT = (_MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 30 * _MINUTE, _HOUR)
"""How long an endpoint that is down is left alone; the last holds on."""
DOWN_AFTER = 3
"""Failures without a success between them, after which an endpoint is down."""
GIVEN_UP_AFTER = timedelta(days=7)
LONGEST_RETRY_AFTER = timedelta(hours=24)
SLOW = timedelta(seconds=2)
MOST_AT_ONCE = 4

GONE = "the endpoint answered 410 Gone"
SPENT = "every attempt failed"
NEVER_TAKEN = f"the endpoint took nothing for {GIVEN_UP_AFTER.days} days"


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint did lately.

    Attributes:
        failing_since: the first failure after its last success; None: it does well.
        failures: how many since then.
        resting_until: nothing is sent before, but what somebody asked for.
        took: the last attempt.
    """

    failing_since: datetime | None = None
    failures: int = 0
    resting_until: datetime | None = None
    took: timedelta = timedelta()

    @property
    def is_down(self) -> bool:
        return self.failures >= DOWN_AFTER

    @property
    def at_once(self) -> int:
        """How many messages it is sent at a time: a slow or failing one holds few of our connections."""
        return 1 if self.failing_since is not None or self.took > SLOW else MOST_AT_ONCE

    def after(self, outcome: Outcome, at: datetime) -> Health:
        """After an attempt that ended at `at`."""
        if outcome.succeeded:
            return Health(took=outcome.took)
        failures = self.failures + 1
        rest = outcome.retry_after or timedelta()
        if failures >= DOWN_AFTER:
            rest = max(rest, OF_AN_ENDPOINT[min(failures - DOWN_AFTER, len(OF_AN_ENDPOINT) - 1)])
        return Health(
            failing_since=self.failing_since or at,
            failures=failures,
            resting_until=at + min(rest, LONGEST_RETRY_AFTER) if rest else None,
            took=outcome.took,
        )

    def given_up(self, outcome: Outcome, at: datetime) -> str | None:
        """Why nothing is to be sent there any more; None: it is to be tried on."""
        if outcome.gone:
            return GONE
        is_spent = self.failing_since is not None and at - self.failing_since >= GIVEN_UP_AFTER
        return NEVER_TAKEN if is_spent else None


def after_attempt(delivery: Delivery, tries: int, health: Health, outcome: Outcome, at: datetime) -> Delivery:
    """The delivery after an attempt.

    `tries` are those of this round with this one, without those at an endpoint that was down: they told of the endpoint
    and not of the message. `health` is what the attempt left.
    """
    if outcome.succeeded:
        return _ended(delivery, DeliveryState.SUCCESS, "", at)
    if not health.is_down and tries > len(OF_A_MESSAGE):
        return _ended(delivery, DeliveryState.FAILED, f"{SPENT}; the last: {outcome.fault}", at)
    own = at if health.is_down else at + OF_A_MESSAGE[tries - 1]
    again = max(own, health.resting_until or own)
    return replace(delivery, state=DeliveryState.SENDING, next_attempt_at=again, updated_at=at, reason=outcome.fault)


def _ended(delivery: Delivery, state: DeliveryState, reason: str, at: datetime) -> Delivery:
    return replace(delivery, state=state, next_attempt_at=None, updated_at=at, reason=reason)
