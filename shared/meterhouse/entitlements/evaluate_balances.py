"""The balance worker: evaluates entitlements that may have moved, tells what is new, records thresholds crossed."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from meterhouse.entitlements.balances import EntitlementBalance, ReadBalances, Standings
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.evaluation import digest, due_after, snapshot
from meterhouse.entitlements.evaluation_events import balance_told, threshold_crossed
from meterhouse.entitlements.notice import Notice
from meterhouse.entitlements.standing import Standing
from meterhouse.entitlements.thresholds import Change, Crossing, Threshold, changed, crossed, leading
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.logging import logger
from meterhouse.platform.work import Begin, Work

CHUNK = 50
"""Entitlements evaluated in one transaction and in the same few round trips."""


CLOCKS_AGREE_WITHIN = timedelta(seconds=2)
"""The queue's and ours."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation leaves behind.

    Attributes:
        times: how often the balance was told of.
        digest: of what was told last.
        at: what was saved before it was known to it.
        due_at: when the entitlement changes by itself next.
    """

    times: int
    digest: str
    at: datetime
    due_at: datetime | None


_NONE = Evaluation(0, "", datetime(1970, 1, 1, tzinfo=UTC), None)


class EvaluationStore(Protocol):
    @property
    def standings(self) -> Standings: ...

    def touched(self, notices: Iterable[Notice], at: datetime) -> Mapping[str, set[str]]:
        """The ids of the entitlements that may have moved, by message id."""

    def lock(self, entitlement_ids: Collection[str]) -> None:
        """Wait until nobody else evaluates any of them."""

    def last(self, entitlement_ids: Collection[str]) -> Mapping[str, Evaluation]:
        """The last evaluation of each that was evaluated before."""

    def crossings(self, period_starts: Mapping[str, datetime]) -> Mapping[str, Sequence[Crossing]]:
        """Those of a usage period, by entitlement id; a period for each."""

    def record(self, entitlement_id: str, period_start: datetime, change: Change) -> None: ...

    def save(self, evaluations: Mapping[str, Evaluation]) -> None:
        """Keep them, by entitlement id."""

    def count_in(self, reservation_ids: Collection[str], at: datetime) -> None:
        """Note that the usage store counts the usage of these reservations."""


class Thresholds(Protocol):
    def of(self, namespace: str, entitlement: Entitlement) -> Sequence[Threshold]:
        """The thresholds that somebody wants to hear of."""


class SettledUsage(Protocol):
    def __call__(self, namespace: str, entitlement_ids: Collection[str]) -> Collection[str]:
        """Send usage of settled reservations on its way, and say whose the usage store counts by now."""


class EvaluateBalances:
    def __init__(
        self,
        begin: Begin[EvaluationStore],
        balances: ReadBalances,
        thresholds: Thresholds,
        settled_usage: SettledUsage,
        now: Callable[[], datetime],
    ) -> None:
        self._begin = begin
        self._balances = balances
        self._thresholds = thresholds
        self._settled_usage = settled_usage
        self._now = now

    def __call__(self, notices: Iterable[Notice]) -> set[str]:
        """Evaluate each entitlement once, however many notices concern it; the ids of messages to be delivered again.

        Raises:
            Unavailable: a store did not answer; all of them are.
        """
        by_namespace: dict[str, list[Notice]] = defaultdict(list)
        for notice in notices:
            by_namespace[notice.namespace].append(notice)
        failed: set[str] = set()
        for namespace, theirs in sorted(by_namespace.items()):
            failed |= self._of_namespace(namespace, theirs)
        return failed

    def _of_namespace(self, namespace: str, notices: Sequence[Notice]) -> set[str]:
        with self._begin(namespace) as work:
            touched = work.store.touched(notices, self._now())
        moved: dict[str, datetime] = {}
        for notice in notices:
            for entitlement_id in touched[notice.message_id]:
                moved[entitlement_id] = max(moved.get(entitlement_id, notice.sent_at), notice.sent_at)
        failed: set[str] = set()
        waiting = sorted(moved.items())
        for start in range(0, len(waiting), CHUNK):
            failed |= self._each_fault_its_own(namespace, dict(waiting[start : start + CHUNK]))
        return {message for message, theirs in touched.items() if theirs & failed}

    def _each_fault_its_own(self, namespace: str, moved: Mapping[str, datetime]) -> set[str]:
        """Evaluate them together; where that fails, in halves. Those that cannot be evaluated."""
        try:
            self._evaluate(namespace, moved)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever the fault of one is, it must not hold up the others
            ids = list(moved)
            if len(ids) > 1:
                middle = len(ids) // 2
                parts = ({one: moved[one] for one in part} for part in (ids[:middle], ids[middle:]))
                return set().union(*(self._each_fault_its_own(namespace, part) for part in parts))
            logger.exception("entitlement not evaluated", extra={"namespace": namespace, "entitlement": ids[0]})
            return set(ids)
        return set()

    def _evaluate(self, namespace: str, moved: Mapping[str, datetime]) -> None:
        """Evaluate those that moved, each at the latest at its instant, unless that was seen already."""
        counted = self._settled_usage(namespace, list(moved))
        with self._begin(namespace) as work:
            work.store.lock(list(moved))
            # read under the lock: of two evaluations the later one knows at least as much
            at = self._now()
            last = work.store.last(list(moved))
            unseen = [one for one, sent_at in moved.items() if last.get(one, _NONE).at < sent_at + CLOCKS_AGREE_WITHIN]
            if not unseen and not counted:
                return
            work.store.count_in(counted, at)
            standings = work.store.standings.of_entitlements(list(moved) if counted else unseen, at)
            balances = self._balances.at(namespace, standings, at)
            self._tell(namespace, work, standings, balances, last)
            work.commit()

    def _tell(
        self,
        namespace: str,
        work: Work[EvaluationStore],
        standings: Sequence[Standing],
        balances: Mapping[str, EntitlementBalance],
        last: Mapping[str, Evaluation],
    ) -> None:
        crossings = work.store.crossings(_periods(balances))
        made = {}
        for standing in standings:
            entitlement = standing.entitlement
            found, before = balances[entitlement.id], last.get(entitlement.id, _NONE)
            thresholds = self._thresholds.of(namespace, entitlement)
            past = _cross(work, found, thresholds, crossings.get(entitlement.id, ()))
            document = snapshot(found, past)
            mark = digest(document)
            is_new = mark != before.digest
            if is_new:
                work.publish(balance_told(document, before.times + 1, found.at))
            due_at = due_after(standing, found.at)
            made[entitlement.id] = Evaluation(before.times + is_new, mark, found.at, due_at)
        work.store.save(made)


def _periods(balances: Mapping[str, EntitlementBalance]) -> dict[str, datetime]:
    return {key: found.balance.period_start for key, found in balances.items() if found.balance is not None}


def _cross(
    work: Work[EvaluationStore], found: EntitlementBalance, thresholds: Sequence[Threshold], known: Sequence[Crossing]
) -> list[Threshold]:
    """Record and tell what the balance crosses; the thresholds it is past. Holds are no usage, and cross nothing."""
    if found.balance is None or not found.entitlement.is_active(found.at):
        return []
    past, first = crossed(thresholds, found.balance), leading(thresholds, found.balance)
    change = changed(known, past, found.at)
    work.store.record(found.entitlement.id, found.balance.period_start, change)
    work.publish(*(threshold_crossed(found, one, is_leading=one.threshold in first) for one in change.begun))
    return past
