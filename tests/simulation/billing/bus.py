"""The outbox as the relay reads it, and the bus that it is relayed to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from meterhouse.platform import namespaces, relay
from tests.simulation.billing.tables import Tables, Transaction
from tests.simulation.faults import ProcessFaults

Sent = dict[str, Any]


@dataclass(frozen=True)
class RelayDatabase:
    """`meterhouse.platform.postgres.Database` with the few statements that a relay sends."""

    tables: Tables
    faults: ProcessFaults
    namespace: str

    @contextmanager
    def transaction(self, _namespace: str, **_scope: str) -> Iterator["_Statements"]:
        own = Transaction(self.tables, self.faults)
        self.tables.under_way.append(own)
        try:
            yield _Statements(own, self.namespace)
        finally:
            self.tables.under_way.remove(own)


@dataclass(frozen=True)
class _Statements:
    own: Transaction
    namespace: str

    def fetch_all(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Sent]:
        if query == namespaces._SQL["all_namespaces"]:
            return [{"namespace": self.namespace}]
        assert (query, parameters is None) == (relay._SQL["waiting_events"], False)
        self.own.statement("waiting events")
        busy = {
            key
            for other in self.own.tables.under_way
            for kind, *names in other.locks
            if kind == "relayed"
            for key in names
        }
        waiting = [
            one for one in self.own.rows("outbox") if self.own.get("published", one.id) is None and one.id not in busy
        ][: (parameters or {})["limit"]]
        for one in waiting:
            self.own.lock("relayed", one.id)
        return [
            {
                "namespace": self.namespace,
                "id": one.id,
                "type": one.type,
                "subject": one.subject,
                "occurred_at": one.occurred_at,
                "data": one.data,
                "refused_at": None,
            }
            for one in waiting
        ]

    def execute(self, query: str, parameters: Mapping[str, Any]) -> int:
        if query == relay._SQL["mark_published"]:
            self.own.statement("mark published")
            for event_id in parameters["ids"]:
                self.own.put("published", event_id, True)  # noqa: FBT003 - a mark
        return 0

    def commit(self) -> None:
        self.own.commit()


@dataclass
class Bus:
    """What consumers were told, in order, repeats and all."""

    told: list[Sent] = field(default_factory=list)


@dataclass(frozen=True)
class BusCalls:
    bus: Bus
    faults: ProcessFaults

    def put(self, events: Sequence[Sent]) -> Collection[str]:
        self.faults.before("put events")
        self.bus.told += events
        self.faults.after("put events", is_whole=True)
        return ()
