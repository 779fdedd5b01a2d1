"""The balance worker on the real database, with balances that the test sets."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Event
from typing import Any

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.balances import EntitlementBalance
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.evaluate_balances import EvaluateBalances
from meterhouse.entitlements.postgres_due import PostgresDueEntitlements
from meterhouse.entitlements.postgres_evaluations import PostgresEvaluations
from meterhouse.entitlements.sqs_event import batch_handler
from meterhouse.entitlements.standing import Standing
from meterhouse.entitlements.sweep_entitlements import SweepEntitlements
from meterhouse.entitlements.thresholds import Threshold, percentages
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Row
from tests.integration.entitlements.peril import Peril
from tests.integration.entitlements.room import T0, Room


@dataclass
class Watch:
    """A worker and a sweep over the namespace of a room; `used` of `granted` by entitlement id is all they find."""

    room: Room
    now: datetime = T0 + timedelta(days=5)
    used: dict[str, Decimal] = field(default_factory=dict)
    granted: dict[str, Decimal] = field(default_factory=dict)
    reserved: dict[str, Decimal] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    reads: list[list[str]] = field(default_factory=list)
    paused: tuple[Event, Event] | None = None
    """Set as a balance is read, and waited for before it is told."""

    def use(self, entitlement: Entitlement, used: str, granted: str = "100") -> None:
        self.used[entitlement.id], self.granted[entitlement.id] = Decimal(used), Decimal(granted)

    def balance(self, entitlement: Entitlement, at: datetime) -> Balance | None:
        if entitlement.allowance is None:
            return None
        start = entitlement.allowance.periods.at(at).start
        used, granted = self.used.get(entitlement.id, Decimal(0)), self.granted.get(entitlement.id, Decimal(100))
        borne = min(used, granted)
        return Balance(at, start, {"01G": granted - borne}, used - borne, used, borne)

    def at(self, namespace: str, standings: Sequence[Standing], at: datetime) -> Mapping[str, EntitlementBalance]:
        """`ReadBalances`."""
        assert namespace == self.room.namespace
        if self.paused is not None:
            self.paused[0].set()
            self.paused[1].wait()
        self.reads.append([standing.entitlement.id for standing in standings])
        if found := self.broken.intersection(self.reads[-1]):
            raise ValueError(f"no balance of {found}")
        return {
            one.entitlement.id: EntitlementBalance(
                one.entitlement,
                at,
                self.balance(one.entitlement, at),
                self.reserved.get(one.entitlement.id, Decimal(0)),
            )
            for one in standings
        }

    def of(self, namespace: str, entitlement: Entitlement) -> Sequence[Threshold]:
        """`Thresholds`."""
        assert (namespace, entitlement.feature_key) == (self.room.namespace, "tokens")
        return percentages("50,75,90,100")

    def worker(self, database: Database | None = None, peril: Peril | None = None) -> EvaluateBalances:
        def settled_usage(namespace: str, entitlement_ids: Collection[str]) -> Collection[str]:
            assert (namespace, bool(entitlement_ids)) == (self.room.namespace, True)
            if peril:
                peril.step()
            return ()

        begin = begins(database or self.room.database, PostgresEvaluations)
        return EvaluateBalances(begin, self, self, settled_usage, lambda: self.now)

    def deliver(self, *events: dict[str, Any], worker: EvaluateBalances | None = None) -> list[str]:
        """Hand events to the worker as SQS does, by their places in the batch; the messages it wants again."""
        records = [sqs_record(str(place), event, self.now) for place, event in enumerate(events)]
        answer = batch_handler(worker or self.worker())({"Records": records})
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def moved(self, *entitlements: Entitlement) -> dict[str, Any]:
        return self.event("entitlement.came_due", {"entitlementIds": [one.id for one in entitlements]})

    def ingested(self, subject: str, *meter_ids: str) -> dict[str, Any]:
        return self.event("usage.ingested", {"usage": [{"subject": subject, "meterIds": list(meter_ids)}]})

    def event(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        detail = {"namespace": self.room.namespace, "id": new_id(), "type": kind, "data": data}
        return {"source": "meterhouse", "detail-type": kind, "detail": detail}

    def sweep(self, database: Database | None = None) -> int:
        begin = begins(database or self.room.database, PostgresDueEntitlements)
        return SweepEntitlements(begin, lambda: [self.room.namespace], lambda: self.now, new_id)()

    def crossings(self) -> list[tuple[str, int, bool]]:
        """Threshold, which time it was crossed, and whether it still is."""
        query = "SELECT * FROM threshold_crossings WHERE namespace = %(namespace)s ORDER BY crossed_at, threshold, nth"
        return [(row["threshold"], row["nth"], row["ended_at"] is None) for row in self.room.rows(query)]

    def crossed(self) -> list[tuple[str, int]]:
        """What was told: the percentage, and which time it was crossed."""
        told = self.room.told("entitlement.threshold_crossed")
        return [(row["data"]["threshold"]["value"], row["data"]["nth"]) for row in told]

    def snapshots(self) -> list[Row]:
        return self.room.told("entitlement.balance_snapshot")


def sqs_record(message_id: str, event: dict[str, Any], sent_at: datetime) -> dict[str, Any]:
    attributes = {"SentTimestamp": str(round(sent_at.timestamp() * 1000)), "ApproximateReceiveCount": "1"}
    return {"messageId": message_id, "body": json.dumps(event), "attributes": attributes}
