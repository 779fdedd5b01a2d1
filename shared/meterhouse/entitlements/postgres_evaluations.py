"""What the balance worker keeps in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from meterhouse.entitlements.evaluate_balances import Evaluation
from meterhouse.entitlements.notice import Notice
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.thresholds import Change, Crossing, Threshold
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "evaluations.sql")


class PostgresEvaluations:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.standings = PostgresStandings(transaction)

    def touched(self, notices: Iterable[Notice], at: datetime) -> dict[str, set[str]]:
        heard = list(notices)
        by_usage, by_customer = self._of_usage(heard, at), self._of_customers(heard, at)
        touched: dict[str, set[str]] = {}
        for notice in heard:
            theirs = touched.setdefault(notice.message_id, set(notice.entitlement_ids))
            for subject, meter_ids in notice.usage:
                theirs.update(*(by_usage[subject, meter_id] for meter_id in meter_ids))
            theirs.update(*(by_customer[customer_id] for customer_id in notice.customer_ids))
        return touched

    def lock(self, entitlement_ids: Collection[str]) -> None:
        self._transaction.lock_each("evaluation", entitlement_ids)

    def last(self, entitlement_ids: Collection[str]) -> dict[str, Evaluation]:
        rows = self._transaction.fetch_all(_SQL["last"], {"ids": list(entitlement_ids)})
        return {
            row["entitlement_id"]: Evaluation(row["told"], row["digest"], row["evaluated_at"], row["due_at"])
            for row in rows
        }

    def crossings(self, period_starts: Mapping[str, datetime]) -> dict[str, list[Crossing]]:
        wanted = {"ids": list(period_starts), "period_starts": list(period_starts.values())}
        known: dict[str, list[Crossing]] = defaultdict(list)
        for row in self._transaction.fetch_all(_SQL["crossings"], wanted):
            threshold = Threshold.parse(row["threshold"])
            crossing = Crossing(threshold, row["nth"], row["crossed_at"], row["ended_at"])
            known[row["entitlement_id"]].append(crossing)
        return known

    def record(self, entitlement_id: str, period_start: datetime, change: Change) -> None:
        for query, crossings in (("end_crossing", change.ended), ("begin_crossing", change.begun)):
            rows = [_crossing_values(entitlement_id, period_start, crossing) for crossing in crossings]
            if rows:
                self._transaction.execute_many(_SQL[query], rows)

    def save(self, evaluations: Mapping[str, Evaluation]) -> None:
        rows = (
            {
                "entitlement_id": entitlement_id,
                "told": made.times,
                "digest": made.digest,
                "evaluated_at": made.at,
                "due_at": made.due_at,
            }
            for entitlement_id, made in evaluations.items()
        )
        self._transaction.execute_many(_SQL["save"], rows)

    def count_in(self, reservation_ids: Collection[str], at: datetime) -> None:
        if reservation_ids:
            self._transaction.execute(_SQL["count_in"], {"ids": list(reservation_ids), "at": at})

    def _of_usage(self, notices: Sequence[Notice], at: datetime) -> dict[tuple[str, str], set[str]]:
        used = {(subject, meter_id) for notice in notices for subject, meters in notice.usage for meter_id in meters}
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        if used:
            subjects, meter_ids = zip(*sorted(used), strict=True)
            wanted = {"subjects": list(subjects), "meter_ids": list(meter_ids), "at": at}
            for row in self._transaction.fetch_all(_SQL["of_usage"], wanted):
                found[row["subject"], row["meter_id"]].add(row["id"])
        return found

    def _of_customers(self, notices: Sequence[Notice], at: datetime) -> dict[str, set[str]]:
        customers = sorted({customer_id for notice in notices for customer_id in notice.customer_ids})
        found: dict[str, set[str]] = defaultdict(set)
        if customers:
            for row in self._transaction.fetch_all(_SQL["of_customers"], {"customer_ids": customers, "at": at}):
                found[row["customer_id"]].add(row["id"])
        return found


def _crossing_values(entitlement_id: str, period_start: datetime, crossing: Crossing) -> dict[str, Any]:
    return {
        "entitlement_id": entitlement_id,
        "period_start": period_start,
        "threshold": str(crossing.threshold),
        "nth": crossing.nth,
        "crossed_at": crossing.crossed_at,
        "ended_at": crossing.ended_at,
    }
