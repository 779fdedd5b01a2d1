"""What the simulation of billing keeps in memory is what PostgreSQL holds after the very same run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.rows import invoice_of, line_of
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.ledger.rows import grant_of
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.platform.work import Begin
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from tests.simulation.billing import store
from tests.simulation.billing.house import House
from tests.simulation.billing.plots import draft_again, gathered_by_hand, late_usage, letters_out_of_order
from tests.simulation.billing.tables import Connection
from tests.simulation.chance import Chance
from tests.simulation.faults import ProcessFaults

_STEPS = 12
_PLOTS = (late_usage, draft_again, letters_out_of_order, gathered_by_hand)
"""Without those that need two processes at once."""
_STORES = {store.billing: PostgresBilling, store.ledger: PostgresLedgerStore}


@dataclass
class Connected(Connection):
    """Of a house whose tables are PostgreSQL's: after each use case that is read back which callers look at."""

    database: Any = None
    namespace: str = ""

    def begins(self, made: Callable[..., Any]) -> Begin[Any]:
        begin = begins(self.database, _STORES[made])
        return lambda _namespace: begin(self.namespace)


class RealHouse(House):
    """Calm, and on PostgreSQL."""

    def __init__(self, chance: Chance, database: Database, namespace: str) -> None:
        super().__init__(chance)
        self.database, self.namespace = database, namespace
        known = self.tables.committed
        with database.transaction(namespace) as transaction:
            real = PostgresBilling(transaction)
            PostgresFeatures(transaction).add(next(iter(known["features"].values())))
            for currency in known["currencies"].values():
                real.currencies.add(currency)
            for basis in known["cost bases"].values():
                real.currencies.add_cost_basis(basis)
            real.profiles.add(next(iter(known["profiles"].values())))
            for customer in known["customers"].values():
                PostgresCustomers(transaction).add(customer)
            for subscription in known["subscriptions"].values():
                PostgresSubscriptions(transaction).add(subscription)
            for top_up in known["top ups"].values():
                real.credit.top_ups.save(top_up)
            transaction.commit()

    def connection(self, faults: ProcessFaults) -> Connection:
        return Connected(self.tables, faults, database=self.database, namespace=self.namespace)

    def step(self, chosen: Callable[[], object] | None = None) -> None:
        super().step(chosen)
        self.look()

    def one_step(self, *given: Any) -> Any:
        outcome = super().one_step(*given)
        self.look()
        return outcome

    def relay(self) -> None:
        """Its SQL is tried elsewhere."""

    def look(self) -> None:
        with self.database.transaction(self.namespace) as transaction:

            def rows(table: str, order: str) -> Iterator[Any]:
                query = f"SELECT * FROM {table} WHERE namespace = %(namespace)s ORDER BY {order}"
                return iter(transaction.fetch_all(query))

            known, parts = self.tables.committed, SharedParts()
            known["invoices"] = {row["id"]: invoice_of(row, (), parts) for row in rows("invoices", "created_at, id")}
            known["lines"] = {row["id"]: line_of(row, parts) for row in rows("invoice_lines", "created_at, id")}
            known["grants"] = {row["id"]: grant_of(row) for row in rows("credit_grants", "id")}


H = TypeVar("H", bound=House)


def ran(house: H, seed: int) -> H:
    house.weather.is_over = True
    for _ in range(_STEPS):
        house.step()
    _PLOTS[seed](house)
    house.drain()
    return house


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def told(house: House) -> dict[str, Any]:
    """Of a house in memory, what PostgreSQL is asked for below."""
    known = house.tables.committed
    entries = [
        (booking.key, booking.kind.value, booking.booked_at, entry.account.value, entry.grant_id, entry.amount)
        for booking in known["ledger"].values()
        for entry in booking.entries
    ]
    return {
        "invoices": known["invoices"],
        "lines": known["lines"],
        "grants": known["grants"],
        "entries": in_order(entries),
        "steps": in_order((owner, one.number, one.trigger.value) for (owner, _), one in known["transitions"].items()),
        "outbox": in_order((event_id,) for event_id in known["outbox"]),
        "reports": in_order((*key, is_applied) for key, (_, is_applied) in known["reports"].items()),
    }


def written(house: RealHouse) -> dict[str, Any]:
    house.look()
    with house.database.transaction(house.namespace) as transaction:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return in_order(tuple(row.values()) for row in transaction.fetch_all(query))

        of = "WHERE namespace = %(namespace)s"
        entries = rows(
            "SELECT t.key, t.kind, t.booked_at, e.account, e.grant_id, e.amount FROM ledger_entries e"
            " JOIN ledger_transactions t ON t.namespace = e.namespace AND t.id = e.transaction_id"
            " WHERE t.namespace = %(namespace)s"
        )
        steps = rows(f"SELECT invoice_id, number, trigger FROM invoice_transitions {of}")
        return {
            **{name: house.tables.committed[name] for name in ("invoices", "lines", "grants")},
            "entries": entries,
            "steps": steps,
            "outbox": rows(f"SELECT id FROM outbox {of}"),
            "reports": rows(f"SELECT invoice_id, key, is_applied FROM payment_reports {of}"),
        }


@pytest.mark.parametrize("seed", range(len(_PLOTS)))
def test_a_run_leaves_in_postgres_what_it_leaves_in_memory(database: Database, namespace: str, seed: int) -> None:
    memory = told(ran(House(Chance(seed)), seed))
    real = written(ran(RealHouse(Chance(seed), database, namespace), seed))

    assert {name: real[name] == memory[name] for name in memory} == dict.fromkeys(memory, True)
    assert len(memory["lines"]) > 4
