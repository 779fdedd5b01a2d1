"""What runs every minute, or with every balance, finds its rows by an index made for it."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.platform.postgres import Database, PostgresSettings, connect
from meterhouse.platform.postgres_transaction import Row
from meterhouse.platform.sql import queries
from tests.integration.entitlements.room import Room

AT = datetime(2026, 3, 1, tzinfo=UTC)
SQL = queries("meterhouse.entitlements", "evaluations.sql")
LATE = queries("meterhouse.metering", "late_usage.sql")


CUSTOMERS = 3_000
SMALL = {"features", "meters", "meter_backfills", "subjects"}
"""Tables with next to no rows here."""
FILL = """
INSERT INTO customers (namespace, id, key, subject_keys, name, created_at, updated_at)
SELECT %(namespace)s, 'C' || n, 'key' || n, ARRAY['app' || n], 'Name', now(), now()
FROM generate_series(1, %(customers)s) n;
INSERT INTO customer_subjects (namespace, subject, customer_id, is_key)
SELECT %(namespace)s, prefix || n, 'C' || n, prefix = 'key'
FROM generate_series(1, %(customers)s) n, unnest(ARRAY['key', 'app']) prefix;
INSERT INTO entitlements (
    namespace, id, customer_id, feature_id, feature_key, meter_id, type, active_from, cadence, anchor, measured_from,
    preserves_overage, is_soft_limit, metadata, annotations, created_at, updated_at
)
SELECT %(namespace)s, 'E' || n, 'C' || n, %(feature)s, 'tokens', %(meter)s, 'metered', %(at)s, 'P1M', %(at)s, %(at)s,
    false, false, '{}', '{}', now(), now()
FROM generate_series(1, %(customers)s) n;
INSERT INTO grants (
    namespace, id, entitlement_id, amount, priority, effective_at, min_rollover, max_rollover, metadata, annotations,
    created_at, updated_at
)
SELECT %(namespace)s, 'G' || n, 'E' || 1 + n %% %(customers)s, 1, 1, %(at)s, 0, 0, '{}', '{}', now(), now()
FROM generate_series(1, 9000) n;
INSERT INTO usage_resets (namespace, entitlement_id, at, anchor, preserves_overage, created_at)
SELECT %(namespace)s, 'E' || 1 + n %% %(customers)s, %(at)s + n * interval '1 hour', %(at)s, false, now()
FROM generate_series(1, 9000) n;
INSERT INTO reservations (
    namespace, id, entitlement_id, customer_id, amount, subject, expires_at, created_at, settled_amount, settled_at,
    data, counted_at, metadata
)
SELECT %(namespace)s, 'R' || n, 'E' || 1 + n %% %(customers)s, 'C' || 1 + n %% %(customers)s, 1, 'app',
    %(at)s - n * interval '1 minute' + interval '1 hour', %(at)s, CASE WHEN n %% 10 > 3 THEN 1 END,
    CASE WHEN n %% 10 > 3 THEN %(at)s END, CASE WHEN n %% 10 > 3 THEN '{}'::json END,
    CASE WHEN n %% 10 > 3 AND n > 50 THEN %(at)s END, '{}'
FROM generate_series(1, 30000) n;
INSERT INTO late_usage (namespace, meter_id, subject, earliest)
SELECT %(namespace)s, %(meter)s, 'app' || n %% %(customers)s, %(at)s FROM generate_series(1, 9000) n;
INSERT INTO balance_snapshots (namespace, entitlement_id, at, changes, basis, late_mark, state, recorded_at)
SELECT %(namespace)s, 'E' || 1 + n %% %(customers)s, %(at)s + n * interval '1 hour', 0, '', 0, '{}', now()
FROM generate_series(1, 9000) n;
INSERT INTO balance_evaluations (namespace, entitlement_id, told, digest, evaluated_at, due_at)
SELECT %(namespace)s, 'E' || n, 1, '', %(at)s, %(at)s + n * interval '1 hour'
FROM generate_series(1, %(customers)s) n;
INSERT INTO threshold_crossings (namespace, entitlement_id, period_start, threshold, nth, crossed_at)
SELECT %(namespace)s, 'E' || 1 + n %% %(customers)s, %(at)s - n / %(customers)s * interval '1 month', 'usage_value:1',
    1, %(at)s
FROM generate_series(1, 9000) n
"""
"""So much that reading all of a table is dearer than reading what is asked for."""


class Explaining:
    """`platform.postgres_read.Reads` that answers nothing and remembers how it would have been answered."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        self.plan = ""

    def fetch_all(self, query: str, parameters: Any = None) -> list[Row]:
        with self._database.transaction(self._namespace) as transaction:
            plan = transaction.fetch_all(f"EXPLAIN {query}", parameters)
        self.plan = "\n".join(row["QUERY PLAN"] for row in plan)
        return []


@pytest.fixture(scope="module")
def filled(
    database: Database,
    database_settings: PostgresSettings,
    new_namespace: Callable[[], str],
    owner_settings: PostgresSettings,
) -> str:
    """A namespace that holds much of everything, which the planner knows.

    Filled by a connection of its own: the ring's has planned the checks of foreign keys when tables were all but empty,
    and would read whole ones for each of 60 000.
    """
    namespace = new_namespace()
    room = Room(database, namespace)
    given = {"feature": room.feature.id, "meter": room.meter.id, "at": AT, "customers": CUSTOMERS}
    with closing(Database(lambda: database_settings)) as fresh, fresh.transaction(namespace) as transaction:
        for statement in FILL.split(";"):
            transaction.execute(statement, given)
        transaction.commit()
    with closing(connect(owner_settings, autocommit=True)) as owner:
        owner.execute("ANALYZE")
    return namespace


@pytest.fixture
def explaining(database: Database, filled: str) -> Explaining:
    return Explaining(database, filled)


def test_a_balance_reads_open_holds_and_those_on_their_way_and_none_that_were_abandoned(explaining: Explaining) -> None:
    PostgresStandings(explaining).of_holder(Holder("key7"), AT)

    assert "reservations_open" in explaining.plan
    assert "reservations_uncounted" in explaining.plan


def test_everything_else_of_a_balance_is_found_by_a_key(explaining: Explaining) -> None:
    standings = PostgresStandings(explaining)
    for ask in (
        lambda: standings.of_holder(Holder("key7"), AT),
        lambda: standings.named(Holder("key7"), "tokens", AT, AT),
        lambda: standings.of_holder(Holder("app7", is_subject=True), AT),
        lambda: standings.of_subjects(["key7", "app8"], ["tokens"], AT),
        lambda: standings.of_entitlements(["E7"], AT),
    ):
        ask()
        assert set(re.findall(r"Seq Scan on (\w+)", explaining.plan)) <= SMALL, explaining.plan
        assert "Index Scan Backward using balance_snapshots_pkey" in explaining.plan
        # the latest mark of one subject, not all marks of a meter
        latest = r"Index Only Scan Backward using late_usage_pkey .*\n.*\(subject = own.subject\)"
        assert re.search(latest, explaining.plan), explaining.plan


@pytest.mark.parametrize("subjects", [CUSTOMERS, 100, 0])
def test_what_changed_of_many_subjects_is_found_by_the_key_whatever_the_planner_knows(
    filled: str, owner_settings: PostgresSettings, subjects: int
) -> None:
    wanted = {"namespace": filled, "subjects": [f"app{number}" for number in range(10)]}
    with closing(connect(owner_settings)) as owner:
        if subjects != CUSTOMERS:
            owner.execute("TRUNCATE late_usage")
            owner.execute("SELECT set_config('meterhouse.namespace', %s, true)", (filled,))
            owner.execute(
                "INSERT INTO late_usage (namespace, meter_id, subject, earliest) SELECT %s, 'meter', 'app' || n, now()"
                " FROM generate_series(1, %s) n, generate_series(1, 50)",
                (filled, subjects),
            )
            owner.execute("ANALYZE late_usage")
        owner.execute("SET LOCAL enable_seqscan = off")
        rows = owner.execute(b"EXPLAIN " + LATE["marks_of"].encode(), wanted).fetchall()
        owner.rollback()
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    found = r"(Index Scan using|Bitmap Index Scan on) late_usage_pkey .*\n.*\(subject = ANY "
    assert re.search(found, plan), plan


@pytest.mark.parametrize(
    ("query", "asked", "index"),
    [
        ("take_due", {"at": AT, "again_at": AT, "limit": 100}, "balance_evaluations_due"),
        ("uncounted", {"ids": ["E7"]}, "reservations_uncounted"),
        ("crossings", {"ids": ["E7"], "period_starts": [AT]}, "threshold_crossings_pkey"),
    ],
)
def test_the_workers_own_questions_are_answered_by_an_index(
    explaining: Explaining, query: str, asked: dict[str, Any], index: str
) -> None:
    explaining.fetch_all(SQL[query], asked)

    assert index in explaining.plan, explaining.plan
