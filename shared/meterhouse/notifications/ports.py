"""What the use cases of this room need: one transaction's store, and who keeps credentials."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from meterhouse.billing.ports import PageOf
from meterhouse.notifications.channel import Channel, Credentials
from meterhouse.notifications.notification import Delivery, Notification
from meterhouse.notifications.rule import EventType, Rule
from meterhouse.notifications.sending import Attempt


class Order(StrEnum):
    """What lists are sorted by; notifications by `ID` and `CREATED_AT` alone."""

    ID = "id"
    TYPE = "type"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


@dataclass(frozen=True, slots=True)
class ChannelFilter:
    include_deleted: bool = False
    include_disabled: bool = False


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """`features` are ids or keys; empty: not by this."""

    include_deleted: bool = False
    include_disabled: bool = False
    features: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Told in `[since, until)`; `features` and `subjects` are ids or keys; empty: not by this."""

    since: datetime | None = None
    until: datetime | None = None
    features: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


class ChannelStore(Protocol):
    def by_ids(self, channel_ids: Iterable[str]) -> Mapping[str, Channel]:
        """Channels by id, deleted ones too; unknown ids are left out."""

    def page(self, wanted: ChannelFilter, page: PageOf, order: Order) -> tuple[list[Channel], int]: ...

    def add(self, channel: Channel) -> None: ...

    def save(self, channel: Channel) -> None: ...


class RuleStore(Protocol):
    def by_ids(self, rule_ids: Iterable[str]) -> Mapping[str, Rule]:
        """Rules by id, deleted ones too; unknown ids are left out."""

    def of_channel(self, channel_id: str) -> list[str]:
        """The ids of the rules, not deleted, that tell this channel."""

    def page(self, wanted: RuleFilter, page: PageOf, order: Order) -> tuple[list[Rule], int]: ...

    def add(self, rule: Rule) -> None: ...

    def save(self, rule: Rule) -> None: ...


class NotificationStore(Protocol):
    def add(self, notification: Notification) -> bool:
        """Whether it is new; one of this id that exists stays as it is."""

    def by_ids(self, notification_ids: Iterable[str]) -> Mapping[str, Notification]: ...

    def page(self, wanted: NotificationFilter, page: PageOf, order: Order) -> tuple[list[Notification], int]: ...

    def deliveries(self, notification_ids: Iterable[str]) -> Mapping[str, Sequence[Delivery]]:
        """Of each notification, in the order of the channels' ids."""

    def locked_delivery(self, notification_id: str, channel_id: str) -> Delivery | None:
        """It, and nobody else changes it until the transaction ends."""

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None: ...

    def save_deliveries(self, deliveries: Iterable[Delivery]) -> None: ...


class AttemptStore(Protocol):
    def latest(self, notification_ids: Iterable[str]) -> Mapping[tuple[str, str], Sequence[Attempt]]:
        """The twenty latest by notification and channel, the last one first; none: left out."""


class NotificationsStore(Protocol):
    @property
    def channels(self) -> ChannelStore: ...
    @property
    def rules(self) -> RuleStore: ...
    @property
    def notifications(self) -> NotificationStore: ...
    @property
    def attempts(self) -> AttemptStore: ...


class ActiveRules(Protocol):
    def of(self, namespace: str, types: Collection[EventType]) -> Sequence[Rule]:
        """The rules of these types that are neither disabled nor deleted, by creation; in one round trip."""


class Secrets(Protocol):
    """Credentials of channels by the channel's id; they are nowhere else, in no row and no log."""

    def of(self, namespace: str, channel_id: str) -> Credentials:
        """Raises `InvariantBroken` where none are kept, and `Unavailable`."""


class SecretKeeper(Protocol):
    """Every call may be repeated. Raises `Unavailable`."""

    def keep(self, namespace: str, channel_id: str, credentials: Credentials) -> None:
        """Keep these in place of others."""

    def forget(self, namespace: str, channel_id: str) -> None: ...
