"""Telling: a notification, its way to each of the rule's channels, and what wakes who sends, in one transaction."""

from meterhouse.notifications.events import deliveries_due
from meterhouse.notifications.notification import Notification, deliveries_of
from meterhouse.notifications.ports import NotificationsStore
from meterhouse.notifications.rule import Rule
from meterhouse.platform.work import Work


def tell(work: Work[NotificationsStore], notification: Notification, rule: Rule) -> None:
    """Tell it by the rule's channels; what was told under this id stays as it is. The caller commits."""
    if not work.store.notifications.add(notification):
        return
    channels = work.store.channels.by_ids(rule.channel_ids)
    made = deliveries_of(notification, rule.channel_ids, channels)
    work.store.notifications.add_deliveries(made)
    work.publish(*deliveries_due(made))
