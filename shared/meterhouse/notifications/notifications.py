"""Notifications, seen and sent once more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.billing.ports import PageOf
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.notifications.channel import Channel
from meterhouse.notifications.events import deliveries_due
from meterhouse.notifications.notification import Delivery, Notification
from meterhouse.notifications.ports import NotificationFilter, NotificationsStore, Order
from meterhouse.notifications.rules import ShownRule, shown_rules
from meterhouse.notifications.sending import Attempt
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class ShownNotification:
    """A notification with its rule, as that is now, and how far it got; `channels` and `attempts` by channel's id."""

    notification: Notification
    rule: ShownRule
    deliveries: Sequence[Delivery]
    channels: Mapping[str, Channel]
    attempts: Mapping[str, Sequence[Attempt]]


class NotificationService:
    def __init__(self, begin: Begin[NotificationsStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def page(
        self, namespace: str, wanted: NotificationFilter, page: PageOf, order: Order
    ) -> tuple[list[ShownNotification], int]:
        """One page of notifications, and how many there are."""
        with self._begin(namespace) as work:
            found, total = work.store.notifications.page(wanted, page, order)
            return shown_notifications(work, found), total

    def get(self, namespace: str, notification_id: str) -> ShownNotification:
        """A notification.

        Raises:
            NotFound: there is none of this id.
        """
        with self._begin(namespace) as work:
            return shown_notifications(work, [_found(work, notification_id)])[0]

    def resend(self, namespace: str, notification_id: str, channel_ids: Sequence[str] = ()) -> None:
        """Send it once more, under the same id, by these channels or all; what is under way is tried at once.

        Raises:
            NotFound: there is none of this id.
            InvalidInput: it did not go to a channel that is named, or that channel is closed.
            Conflict: `no_open_channel`: all its channels are closed.
        """
        with self._begin(namespace) as work:
            [shown] = shown_notifications(work, [_found(work, notification_id)])
            wanted = set(channel_ids) or {one.channel_id for one in shown.deliveries}
            is_open = {one.channel_id: shown.channels[one.channel_id].is_open for one in shown.deliveries}
            _check(channel_ids, is_open)
            now = self._now()
            locked = [
                work.store.notifications.locked_delivery(notification_id, channel_id)
                for channel_id in sorted(wanted)
                if is_open[channel_id]
            ]
            again = [delivery.again(now) for delivery in locked if delivery is not None]
            if not again:
                raise Conflict("all its channels are disabled or deleted", "no_open_channel")
            work.store.notifications.save_deliveries(again)
            work.publish(*deliveries_due(again))
            work.commit()


def shown_notifications(
    work: Work[NotificationsStore], notifications: Sequence[Notification]
) -> list[ShownNotification]:
    rules = work.store.rules.by_ids({one.rule_id for one in notifications})
    shown = {one.rule.id: one for one in shown_rules(work, list(rules.values()))}
    deliveries = work.store.notifications.deliveries([one.id for one in notifications])
    channels = work.store.channels.by_ids({one.channel_id for theirs in deliveries.values() for one in theirs})
    attempts = work.store.attempts.latest([one.id for one in notifications])
    return [
        ShownNotification(
            one,
            shown[one.rule_id],
            deliveries.get(one.id, ()),
            channels,
            {channel_id: tried for (told_id, channel_id), tried in attempts.items() if told_id == one.id},
        )
        for one in notifications
    ]


def _found(work: Work[NotificationsStore], notification_id: str) -> Notification:
    found = work.store.notifications.by_ids([notification_id]).get(notification_id)
    if found is None:
        raise NotFound("notification event", notification_id)
    return found


def _check(channel_ids: Sequence[str], is_open: Mapping[str, bool]) -> None:
    problems = []
    for index, channel_id in enumerate(channel_ids):
        if channel_id not in is_open:
            message = f"it did not go to channel {channel_id}"
            problems.append(Problem(f"/channels/{index}", "channel_not_of_event", message))
        elif not is_open[channel_id]:
            message = f"channel {channel_id} is disabled or deleted"
            problems.append(Problem(f"/channels/{index}", "channel_closed", message))
    if problems:
        raise InvalidInput("it cannot be sent there", problems)
