"""Channels, made, seen, changed and deleted. Credentials are written before what needs them is seen (ADR 0030)."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from meterhouse.billing.ports import PageOf
from meterhouse.kernel.errors import Conflict, NotFound, Unavailable
from meterhouse.notifications.channel import Channel, ChannelType, Credentials
from meterhouse.notifications.channel_rules import ChannelSpec, rotated
from meterhouse.notifications.events import channel_event
from meterhouse.notifications.ports import ChannelFilter, NotificationsStore, Order, SecretKeeper, Secrets
from meterhouse.notifications.signature import secret_of
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Otherwise, Work

LOCK = "notification_channel"
_NONE = Credentials()


@dataclass(frozen=True, slots=True)
class ShownChannel:
    """A channel as it is shown; `credentials` only where one was asked for."""

    channel: Channel
    credentials: Credentials | None = None


class ChannelService:
    def __init__(
        self,
        begin: Begin[NotificationsStore],
        secrets: Secrets,
        keeper: SecretKeeper,
        otherwise: Otherwise,
        local_hosts: Collection[str] = (),
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
        new_key: Callable[[], bytes] = ids.new_key,
    ) -> None:
        self._begin = begin
        self._secrets = secrets
        self._keeper = keeper
        self._otherwise = otherwise
        self._local_hosts = local_hosts
        self._now = now
        self._new_id = new_id
        self._new_key = new_key

    def page(self, namespace: str, wanted: ChannelFilter, page: PageOf, order: Order) -> tuple[list[ShownChannel], int]:
        """One page of channels, without their credentials, and how many there are."""
        with self._begin(namespace) as work:
            found, total = work.store.channels.page(wanted, page, order)
        return [ShownChannel(channel) for channel in found], total

    def get(self, namespace: str, channel_id: str) -> ShownChannel:
        """A channel, a deleted one too, with its credentials.

        Raises:
            NotFound: there is none of this id.
            Unavailable: nobody tells the credentials.
        """
        with self._begin(namespace) as work:
            channel = _found(work, channel_id)
        return ShownChannel(channel, self._kept(namespace, channel))

    def create(self, namespace: str, spec: ChannelSpec) -> ShownChannel:
        """Make a channel; a webhook without a signing secret gets one.

        Raises:
            InvalidInput: nothing could be sent to it.
            Unavailable: its credentials cannot be kept; there is no channel.
        """
        spec.check(self._local_hosts)
        now = self._now()
        made = Channel(
            self._new_id(), spec.name, spec.destination, now, now, disabled=spec.disabled, metadata=spec.metadata
        )
        credentials = spec.credentials(_NONE, secret_of(self._new_key()), now)
        with self._begin(namespace) as work:
            self._keep(namespace, made, credentials)
            work.store.channels.add(made)
            work.publish(channel_event(self._new_id(), "created", made, now))
            work.commit()
        return ShownChannel(made, credentials)

    def replace(self, namespace: str, channel_id: str, spec: ChannelSpec) -> ShownChannel:
        """Put `spec` in place of what the channel is.

        Raises:
            NotFound: there is no such channel.
            InvalidInput: nothing could be sent to it, or it is of another type.
            Unavailable: its credentials cannot be kept; it is as it was.
        """
        spec.check(self._local_hosts)
        return self._change(namespace, channel_id, lambda _before, _kept: spec)

    def rotate(self, namespace: str, channel_id: str, signing_secret: str | None) -> ShownChannel:
        """Sign with this secret, or a new one, from now on; for a day with the one before, too.

        Raises:
            NotFound: there is no such channel.
            InvalidInput: it is no webhook, or no receiver could verify with the secret.
            Unavailable: the secret cannot be kept; all is as it was.
        """
        secret = signing_secret or secret_of(self._new_key())
        return self._change(namespace, channel_id, lambda before, kept: rotated(before, kept, secret))

    def _change(
        self, namespace: str, channel_id: str, spec_of: Callable[[Channel, Credentials], ChannelSpec]
    ) -> ShownChannel:
        with self._begin(namespace) as work:
            work.lock(LOCK, channel_id)
            now, before = self._now(), _live(work, channel_id)
            kept = self._kept(namespace, before) or _NONE
            spec = spec_of(before, kept)
            changed, credentials = spec.changed(before, now), spec.credentials(kept, secret_of(self._new_key()), now)
            self._keep(namespace, changed, credentials, before, kept)
            work.store.channels.save(changed)
            work.publish(channel_event(self._new_id(), "updated", changed, now))
            work.commit()
        return ShownChannel(changed, credentials)

    def delete(self, namespace: str, channel_id: str) -> None:
        """Delete it softly and its credentials for good; a repeat deletes what is left.

        Raises:
            NotFound: there was never such a channel.
            Conflict: `channel_in_use`: rules name it.
            Unavailable: its credentials are still kept.
        """
        with self._begin(namespace) as work:
            work.lock(LOCK, channel_id)
            channel = _found(work, channel_id)
            if rules := work.store.rules.of_channel(channel_id):
                message = f"{len(rules)} rule(s) tell by this channel"
                raise Conflict(message, "channel_in_use", facts={"rules": ", ".join(rules[:10])})
            if channel.deleted_at is None:
                now = self._now()
                gone = replace(channel, updated_at=now, deleted_at=now)
                work.store.channels.save(gone)
                work.publish(channel_event(self._new_id(), "deleted", gone, now))
                work.commit()
        if _has_credentials(channel):
            self._keeper.forget(namespace, channel_id)

    def _kept(self, namespace: str, channel: Channel) -> Credentials | None:
        is_kept = _has_credentials(channel) and channel.deleted_at is None
        return self._secrets.of(namespace, channel.id) if is_kept else None

    def _keep(
        self,
        namespace: str,
        channel: Channel,
        credentials: Credentials,
        before: Channel | None = None,
        kept: Credentials | None = None,
    ) -> None:
        """Keep credentials of a channel that is to be saved; where it is not, those of before are kept again."""
        if credentials != kept and _has_credentials(channel):
            self._otherwise(partial(self._keep_again, namespace, channel.id, before, kept))
            self._keeper.keep(namespace, channel.id, credentials)

    def _keep_again(self, namespace: str, channel_id: str, before: Channel | None, kept: Credentials | None) -> None:
        """Unless the row was saved after all: a commit whose answer was lost may have been one."""
        with suppress(Unavailable), self._begin(namespace) as work:
            work.lock(LOCK, channel_id)
            if work.store.channels.by_ids([channel_id]).get(channel_id) != before:
                return
            if kept is None:
                self._keeper.forget(namespace, channel_id)
            else:
                self._keeper.keep(namespace, channel_id, kept)


def _has_credentials(channel: Channel) -> bool:
    return channel.type is not ChannelType.EMAIL


def _found(work: Work[NotificationsStore], channel_id: str) -> Channel:
    found = work.store.channels.by_ids([channel_id]).get(channel_id)
    if found is None:
        raise NotFound("notification channel", channel_id)
    return found


def _live(work: Work[NotificationsStore], channel_id: str) -> Channel:
    found = _found(work, channel_id)
    if found.deleted_at is not None:
        raise NotFound("notification channel", channel_id)
    return found
