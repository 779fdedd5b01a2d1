"""Rules, made, seen, changed, deleted and tried out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from meterhouse.billing.ports import PageOf
from meterhouse.catalog.feature import Feature
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem
from meterhouse.notifications.channel import Channel, ChannelType
from meterhouse.notifications.channels import LOCK
from meterhouse.notifications.events import rule_event
from meterhouse.notifications.ports import NotificationsStore, Order, RuleFilter
from meterhouse.notifications.rule import EventType, FeatureRef, Rule, Threshold
from meterhouse.notifications.thresholds import repeated
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """What a caller says of a rule; the whole of it is replaced by an update. `features` are ids or keys."""

    type: EventType
    name: str
    channel_ids: tuple[str, ...]
    disabled: bool = False
    metadata: Mapping[str, str] | None = None
    thresholds: tuple[Threshold, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule, with the types of its channels by id."""

    rule: Rule
    channel_types: Mapping[str, ChannelType]


class Features(Protocol):
    def find(self, id_or_key: str) -> Feature | None:
        """By key the one that is not archived; by id any."""


class RulesStore(NotificationsStore, Protocol):
    @property
    def features(self) -> Features: ...


class RuleService:
    def __init__(
        self,
        begin: Begin[RulesStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def page(self, namespace: str, wanted: RuleFilter, page: PageOf, order: Order) -> tuple[list[ShownRule], int]:
        """One page of rules, and how many there are."""
        with self._begin(namespace) as work:
            found, total = work.store.rules.page(wanted, page, order)
            return shown_rules(work, found), total

    def get(self, namespace: str, rule_id: str) -> ShownRule:
        """A rule, a deleted one too.

        Raises:
            NotFound: there is none of this id.
        """
        with self._begin(namespace) as work:
            return shown_rules(work, [found_rule(work, rule_id)])[0]

    def create(self, namespace: str, spec: RuleSpec) -> ShownRule:
        """Make a rule; from now on it tells.

        Raises:
            InvalidInput: what it names is not there, or named twice.
        """
        with self._begin(namespace) as work:
            features = _checked(work, spec)
            now = self._now()
            made = Rule(
                id=self._new_id(),
                type=spec.type,
                name=spec.name,
                channel_ids=spec.channel_ids,
                since=now,
                created_at=now,
                updated_at=now,
                disabled=spec.disabled,
                metadata=spec.metadata,
                thresholds=spec.thresholds,
                features=features,
            )
            work.store.rules.add(made)
            work.publish(rule_event(self._new_id(), "created", made, now))
            [shown] = shown_rules(work, [made])
            work.commit()
        return shown

    def replace(self, namespace: str, rule_id: str, spec: RuleSpec) -> ShownRule:
        """Put `spec` in place of what the rule is.

        Raises:
            NotFound: there is no such rule.
            InvalidInput: as `create`, or it is of another type.
        """
        with self._begin(namespace) as work:
            work.lock("notification_rule", rule_id)
            before = live_rule(work, rule_id)
            if spec.type is not before.type:
                message = f"the rule is of type {before.type.value}, for good"
                raise InvalidInput(message, [Problem("/type", "rule_type", message)])
            features, now = _checked(work, spec), self._now()
            is_new = (before.disabled and not spec.disabled) or features != before.features
            changed = replace(
                before,
                name=spec.name,
                channel_ids=spec.channel_ids,
                since=now if is_new else before.since,
                updated_at=now,
                disabled=spec.disabled,
                metadata=spec.metadata,
                thresholds=spec.thresholds,
                features=features,
            )
            work.store.rules.save(changed)
            work.publish(rule_event(self._new_id(), "updated", changed, now))
            [shown] = shown_rules(work, [changed])
            work.commit()
        return shown

    def delete(self, namespace: str, rule_id: str) -> None:
        """Delete it softly; what it told stays, and is still sent. A repeat changes nothing.

        Raises:
            NotFound: there was never such a rule.
        """
        with self._begin(namespace) as work:
            work.lock("notification_rule", rule_id)
            rule = found_rule(work, rule_id)
            if rule.deleted_at is None:
                now = self._now()
                gone = replace(rule, updated_at=now, deleted_at=now)
                work.store.rules.save(gone)
                work.publish(rule_event(self._new_id(), "deleted", gone, now))
                work.commit()


def found_rule(work: Work[NotificationsStore], rule_id: str) -> Rule:
    found = work.store.rules.by_ids([rule_id]).get(rule_id)
    if found is None:
        raise NotFound("notification rule", rule_id)
    return found


def live_rule(work: Work[NotificationsStore], rule_id: str) -> Rule:
    found = found_rule(work, rule_id)
    if found.deleted_at is not None:
        raise NotFound("notification rule", rule_id)
    return found


def shown_rules(work: Work[NotificationsStore], rules: Sequence[Rule]) -> list[ShownRule]:
    channels = work.store.channels.by_ids({channel_id for rule in rules for channel_id in rule.channel_ids})
    types = {channel_id: channel.type for channel_id, channel in channels.items()}
    return [ShownRule(rule, types) for rule in rules]


def _checked(work: Work[RulesStore], spec: RuleSpec) -> tuple[FeatureRef, ...]:
    """The features that are meant; nobody deletes one of the channels until the transaction ends.

    Raises:
        InvalidInput: all faults.
    """
    for channel_id in sorted(set(spec.channel_ids)):
        work.lock(LOCK, channel_id)
    channels = work.store.channels.by_ids(spec.channel_ids)
    features = [work.store.features.find(name) for name in spec.features]
    known = [None if feature is None else feature.id for feature in features]
    problems = [
        *_channel_problems(spec.channel_ids, channels),
        *_feature_problems(spec.features, known),
        *(
            Problem(f"/thresholds/{index}", "threshold_twice", "says what another threshold says")
            for index in repeated(spec.thresholds)
        ),
    ]
    if problems:
        raise InvalidInput("the rule names what is not there, or something twice", problems)
    return tuple(FeatureRef(feature.id, feature.key) for feature in features if feature is not None)


def _channel_problems(channel_ids: Sequence[str], channels: Mapping[str, Channel]) -> Iterator[Problem]:
    for index, channel_id in enumerate(channel_ids):
        channel = channels.get(channel_id)
        if channel is None or channel.deleted_at is not None:
            yield Problem(f"/channels/{index}", "channel_not_found", f"there is no channel {channel_id}")
        elif channel_id in channel_ids[:index]:
            yield Problem(f"/channels/{index}", "channel_twice", "is named before")


def _feature_problems(names: Sequence[str], known: Sequence[str | None]) -> Iterator[Problem]:
    for index, (name, feature_id) in enumerate(zip(names, known, strict=True)):
        if feature_id is None:
            yield Problem(f"/features/{index}", "feature_not_found", f"there is no feature {name}")
        elif feature_id in known[:index]:
            yield Problem(f"/features/{index}", "feature_twice", "is named before")
