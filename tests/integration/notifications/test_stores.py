"""What is kept of channels, rules, notifications and deliveries, on the real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from meterhouse.notifications.channel import Channel, Destination, Email, Slack, Webhook
from meterhouse.notifications.events import deliveries_due
from meterhouse.notifications.notification import About, DeliveryState, Notification, deliveries_of
from meterhouse.notifications.postgres import PostgresNotifications
from meterhouse.notifications.rule import EventType, FeatureRef, Rule, Threshold, ThresholdType
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def channel(destination: Destination, **changed: object) -> Channel:
    made = Channel(new_id(), "ops", destination, NOW, NOW, metadata={"team": "a"})
    return replace(made, **changed)  # type: ignore[arg-type] # the fields of a channel


def rule(*channels: Channel) -> Rule:
    return Rule(
        id=new_id(),
        type=EventType.BALANCE_THRESHOLD,
        name="low",
        channel_ids=tuple(one.id for one in channels),
        since=NOW,
        created_at=NOW,
        updated_at=NOW,
        thresholds=(Threshold(ThresholdType.USAGE_PERCENTAGE, Decimal("99.5")),),
        features=(FeatureRef(new_id(), "tokens"),),
    )


@pytest.mark.parametrize("destination", [Webhook("https://a.test/hook"), Email(("a@b.test",)), Slack()], ids=repr)
def test_a_channel_is_read_as_it_was_written(database: Database, namespace: str, destination: Destination) -> None:
    made = channel(destination)
    changed = replace(made, name="other", disabled=True, disabled_reason="410", metadata=None)
    with database.transaction(namespace) as transaction:
        channels = PostgresNotifications(transaction).channels
        channels.add(made)
        assert channels.by_ids([made.id]) == {made.id: made}
        channels.save(changed)
        assert channels.by_ids([made.id, new_id()]) == {made.id: changed}


def test_a_notification_is_told_once_and_its_deliveries_wake_who_sends(database: Database, namespace: str) -> None:
    open_one, closed = channel(Webhook("https://a.test")), channel(Slack(), disabled=True)
    low = rule(open_one, closed)
    about = About(feature_key="tokens", subject_key="s")
    told = Notification(new_id(), low.type, low.id, NOW, '{"z": 1,  "a": 1.50}', about)
    with database.transaction(namespace) as transaction:
        store = PostgresNotifications(transaction)
        for one in (open_one, closed):
            store.channels.add(one)
        store.rules.add(low)
        assert store.rules.by_ids([low.id]) == {low.id: low}
        assert [store.notifications.add(told) for _ in range(2)] == [True, False]
        assert store.notifications.by_ids([told.id]) == {told.id: told}

        made = deliveries_of(told, low.channel_ids, store.channels.by_ids(low.channel_ids))
        store.notifications.add_deliveries(made)
        kept = store.notifications.deliveries([told.id])[told.id]
        assert sorted(kept, key=lambda one: one.channel_id) == sorted(made, key=lambda one: one.channel_id)
        assert [event.data["channelId"] for event in deliveries_due(made)] == [open_one.id]

        later = NOW + timedelta(hours=1)
        store.notifications.save_deliveries([one.again(later) for one in kept])
        states = {one.channel_id: one for one in store.notifications.deliveries([told.id])[told.id]}
        assert states[closed.id].state is DeliveryState.RESENDING
        assert states[closed.id].started_at == states[closed.id].next_attempt_at == later
        assert (states[open_one.id].state, states[open_one.id].started_at) == (DeliveryState.PENDING, NOW)
        assert store.notifications.locked_delivery(told.id, closed.id) == states[closed.id]
