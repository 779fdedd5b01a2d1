"""A new balance of an entitlement, held against the rules: thresholds that are passed, usage periods that began."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from meterhouse.kernel.errors import NotFound
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.notifications.notification import Notification
from meterhouse.notifications.payload import Held, Value, entitlement_payload
from meterhouse.notifications.ports import ActiveRules, NotificationsStore
from meterhouse.notifications.rule import EventType, Rule, Threshold
from meterhouse.notifications.tell import tell
from meterhouse.notifications.thresholds import Measured, Side, Told, active, next_told
from meterhouse.platform.work import Begin, Work

HEARD = "entitlement.balance_snapshot"
MOST_MISSED = 31
"""Resets that are told late; of more the newest."""
_TYPES = (EventType.BALANCE_THRESHOLD, EventType.ENTITLEMENT_RESET)


@dataclass(frozen=True, slots=True)
class Noted:
    """`seen`: where the usage period began whose balance was seen last; None: there was none."""

    seen: datetime | None


class BalanceMemory(Protocol):
    """What rules were held against, and what they told."""

    def note(self, measured: Measured) -> Noted | None:
        """Note it, and let others wait until the transaction ends; None: as new a balance was seen before."""

    def told(self, entitlement_id: str, rule_ids: Collection[str]) -> Mapping[tuple[str, Side], Told]:
        """What rules told of last."""

    def keep(self, entitlement_id: str, rule_id: str, side: Side, told: Told) -> None: ...


class Holders(Protocol):
    def of(self, entitlement_id: str) -> Held | None: ...

    def reset_at(self, entitlement_id: str, period_start: datetime) -> datetime | None:
        """When somebody asked for the reset that the period began with; None: the calendar did."""


class BalanceStore(NotificationsStore, Protocol):
    @property
    def memory(self) -> BalanceMemory: ...
    @property
    def holders(self) -> Holders: ...


@dataclass(frozen=True, slots=True)
class _News:
    """What a rule tells of a usage period; `key` tells it apart from all else that the rule tells of it."""

    rule: Rule
    period_start: datetime
    key: tuple[str, ...]
    threshold: Threshold | None = None


class TellOfBalance:
    def __init__(self, begin: Begin[BalanceStore], rules: ActiveRules, now: Callable[[], datetime]) -> None:
        self._begin = begin
        self._rules = rules
        self._now = now

    def __call__(self, namespace: str, data: Mapping[str, Any]) -> None:
        """Tell what the balance of an `entitlement.balance_snapshot` is news of.

        An older balance than one that was seen tells nothing, and neither does a repeat. Where no rule asks for the
        feature there is one read, and nothing is written.

        Raises:
            NotFound: there is no such entitlement.
            InvariantBroken: the balance contradicts itself.
            Unavailable: the database does not answer.
        """
        if "periodStart" not in data:
            return
        measured = _measured(data)
        rules = [rule for rule in self._rules.of(namespace, _TYPES) if rule.is_of_feature(measured.feature_key)]
        if not rules:
            return
        with self._begin(namespace) as work:
            noted = work.store.memory.note(measured)
            if noted is None:
                return
            passed = list(_passed(work, rules, measured))
            begins_period = noted.seen != measured.period_start
            asking = [one for one in rules if one.type is EventType.ENTITLEMENT_RESET and begins_period]
            if passed or asking:
                held = _held(work, measured)
                for one in (*passed, *_resets(work, asking, measured, held, noted.seen)):
                    tell(work, self._notification(namespace, one, measured, held, _value(data)), one.rule)
            work.commit()

    def _notification(self, namespace: str, news: _News, measured: Measured, held: Held, value: Value) -> Notification:
        kind, now, start = news.rule.type, self._now(), news.period_start
        owner = (namespace, news.rule.id, measured.entitlement_id, format_rfc3339(start))
        told_id = derived_ulid(start, "notification", kind.value, *owner, *news.key)
        payload = entitlement_payload(told_id, kind, now, held, value, measured.at, news.threshold)
        return Notification(told_id, kind, news.rule.id, now, payload, held.about)


def _passed(work: Work[BalanceStore], rules: Sequence[Rule], measured: Measured) -> Iterator[_News]:
    """The thresholds that are passed, where that is new."""
    asking = [rule for rule in rules if rule.type is EventType.BALANCE_THRESHOLD]
    told = work.store.memory.told(measured.entitlement_id, [rule.id for rule in asking]) if asking else {}
    for rule in asking:
        for side, threshold in active(rule.thresholds, measured).items():
            new = next_told(told.get((rule.id, side)), threshold, measured.period_start)
            if new is not None:
                work.store.memory.keep(measured.entitlement_id, rule.id, side, new)
                yield _News(rule, measured.period_start, (side.value, str(new.times)), threshold)


def _resets(
    work: Work[BalanceStore], asking: Sequence[Rule], measured: Measured, held: Held, seen: datetime | None
) -> Iterator[_News]:
    """The resets since the usage period that was seen last; the one that measuring began with was none."""
    periods, start = held.entitlement.periods, measured.period_start
    if not asking or periods is None:
        return
    missed = () if seen is None else (reset.at for reset in periods.resets(seen, start) if reset.at < start)
    for at in (*deque(missed, MOST_MISSED), start):
        if at > periods.measured_from:
            reset_at = work.store.holders.reset_at(measured.entitlement_id, at) or at
            yield from (_News(rule, at, ()) for rule in asking if rule.since <= reset_at)


def _held(work: Work[BalanceStore], measured: Measured) -> Held:
    held = work.store.holders.of(measured.entitlement_id)
    if held is None:
        raise NotFound("entitlement", measured.entitlement_id)
    return held


def _measured(data: Mapping[str, Any]) -> Measured:
    return Measured(
        entitlement_id=data["entitlementId"],
        feature_key=data["featureKey"],
        at=parse_rfc3339(data["at"]),
        period_start=parse_rfc3339(data["periodStart"]),
        remaining=Decimal(data["remaining"]),
        usage=Decimal(data["usage"]),
        overage=Decimal(data["overage"]),
        total_available=Decimal(data["totalAvailable"]),
    )


def _value(data: Mapping[str, Any]) -> Value:
    return Value(
        balance=Decimal(data["balance"]),
        usage=Decimal(data["usage"]),
        overage=Decimal(data["overage"]),
        total_available=Decimal(data["totalAvailable"]),
        has_access=data["hasAccess"],
    )
