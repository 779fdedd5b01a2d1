"""Reservations over HTTP on the real stores, at an instant the test sets, and the worker that sends settled usage."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from msgspec import Raw
from msgspec.json import encode

from meterhouse.entitlements.balances import Balances, EntitlementBalance
from meterhouse.entitlements.clickhouse_counted import ClickHouseCounted
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.evaluate_balances import EvaluateBalances
from meterhouse.entitlements.notice import Notice
from meterhouse.entitlements.postgres_evaluations import PostgresEvaluations
from meterhouse.entitlements.postgres_reservations import PostgresReservationStore
from meterhouse.entitlements.postgres_settled import PostgresSettledReservations
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.reservation_api import BRING_EVENTS, reservation_routes
from meterhouse.entitlements.reservations import Reservations
from meterhouse.entitlements.send_settled_usage import SendSettledUsage
from meterhouse.entitlements.thresholds import EveryThreshold, percentages
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.record import encode_record
from meterhouse.metering.sink import LogRecord
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.gate import bring
from meterhouse.platform.http import http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from tests.integration.entitlements.peril import Peril
from tests.integration.entitlements.room import T0, Room
from tests.integration.sinking import sink
from tests.unit.platform.requests import CONTEXT, matched, request

ROUTE = "/api/v1/customers/{customerIdOrKey}/entitlements/{featureKey}/reservations"
Answer = tuple[int, dict[str, Any]]


@dataclass
class Till:
    """`log` holds what was sent and is not stored yet."""

    room: Room
    store: ClickHouse
    now: datetime = T0 + timedelta(days=5, seconds=10)
    log: list[LogRecord] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    offsets: "count[int]" = field(default_factory=count)
    peril: Peril = field(default_factory=Peril)
    told: dict[str, str] = field(default_factory=dict)
    """What the authorizer tells of the caller, beside the namespace."""
    counts: DynamoCounts = field(default_factory=DynamoCounts)

    def entitled(self, amount: str = "100", **changes: Any) -> Entitlement:
        """A customer "acme" with so many units."""
        made = self.room.entitled(self.room.customer("acme", "app"), **changes)
        self.room.granted(made, amount)
        return made

    # reservations, as a caller has them

    def post(self, path: str, body: object, key: str | None = "", database: Database | None = None) -> Answer:
        """A request with an idempotency key: a fresh one unless it is given; None: without."""
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key or new_id()
        return self.call("POST", path, body, headers=headers, database=database)

    def call(
        self, method: str, path: str, body: object = None, database: Database | None = None, **more: Any
    ) -> Answer:
        asked = request(method, path, body, **{"namespace": self.room.namespace, **matched(method, path), **more})
        asked["requestContext"]["authorizer"]["lambda"] |= self.told
        answer = self.handler(database or self.room.database)(asked, CONTEXT)
        return answer["statusCode"], json.loads(answer["body"] or "null")

    def reserve(self, amount: str, *, customer: str = "acme", feature: str = "tokens", **more: Any) -> Answer:
        named = {name: more.pop(name) for name in ("key", "database") if name in more}
        return self.post(path(customer, feature), {"amount": amount, **more}, **named)

    def held(self, amount: str, **more: Any) -> str:
        """The id of a reservation that must be possible."""
        status, answer = self.reserve(amount, **more)
        assert status == 201, answer
        reservation_id: str = answer["id"]
        return reservation_id

    def settle(self, reservation_id: str, amount: str, **more: Any) -> Answer:
        named = {name: more.pop(name) for name in ("key", "database") if name in more}
        return self.post(f"{path()}/{reservation_id}/settle", {"amount": amount, **more}, **named)

    def release(self, reservation_id: str, **named: Any) -> Answer:
        return self.post(f"{path()}/{reservation_id}/release", None, **named)

    def get(self, reservation_id: str) -> Answer:
        return self.call("GET", f"{path()}/{reservation_id}")

    def handler(self, database: Database) -> Any:
        use = Reservations(begins(database, PostgresReservationStore), self.balances, lambda: self.now, bring=bring)
        routes = reservation_routes(use, lambda: self.now)
        return http_handler(routes, database=database, counts=self.counts, bring_events=BRING_EVENTS)

    # the balance, as it is read

    @property
    def balances(self) -> Balances:
        return Balances(ClickHouseUsage(self.store))

    def balance(self, entitlement: Entitlement) -> EntitlementBalance:
        with self.room.database.transaction(self.room.namespace) as transaction:
            standings = PostgresStandings(transaction).of_entitlements([entitlement.id], self.now)
        return self.balances.at(self.room.namespace, standings, self.now)[entitlement.id]

    def left(self, entitlement: Entitlement) -> tuple[str, str]:
        """What is available and what was used."""
        found = self.balance(entitlement)
        assert found.balance
        return f"{found.available.normalize():f}", f"{found.balance.usage.normalize():f}"

    # usage, and the worker

    def use(self, event_id: str, tokens: object, subject: str = "acme", **more: Any) -> None:
        data = {"tokens": tokens, **more}
        event = CloudEvent(
            id=event_id, source="app", type="llm", subject=subject, time=self.now, data=Raw(encode(data))
        )
        self.append(
            self.room.namespace, encode_record(self.room.namespace, Raw(encode([event])), self.now), 1, self.now
        )
        self.sink()

    def append(self, namespace: str, record: bytes, count: int, ingested_at: datetime) -> None:
        """`metering.ingest.EventLog`."""
        assert (namespace, count > 0, ingested_at) == (self.room.namespace, True, self.now)
        self.peril.step()
        self.sent.append(record)
        self.log.append(LogRecord("events", 0, next(self.offsets), namespace.encode(), record))

    def sink(self) -> None:
        """Store what is on the log, as the sink does."""
        sink(self.room.database, self.store, self._now, self.log)
        self.log.clear()

    def work(self, *entitlements: Entitlement, database: Database | None = None) -> set[str]:
        """Evaluate them as the balance worker does."""
        own = database or self.room.database
        settled = SendSettledUsage(
            begins(own, PostgresSettledReservations), ClickHouseCounted(self.store), self, self._now
        )
        thresholds = EveryThreshold(percentages("50,75,90,100"))
        worker = EvaluateBalances(begins(own, PostgresEvaluations), self.balances, thresholds, settled, self._now)
        ids = tuple(entitlement.id for entitlement in entitlements)
        return worker([Notice("message", self.room.namespace, self.now, entitlement_ids=ids)])

    def _now(self) -> datetime:
        return self.now


def path(customer: str = "acme", feature: str = "tokens") -> str:
    return ROUTE.replace("{customerIdOrKey}", customer).replace("{featureKey}", feature)
