"""What runs every minute, or with every balance, finds its rows by an index made for it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.platform.postgres import Database, Row
from meterhouse.platform.sql import queries

AT = datetime(2026, 3, 1, tzinfo=UTC)
SQL = queries("meterhouse.entitlements", "evaluations.sql")


class Explaining:
    """`platform.postgres_read.Reads` that answers nothing and remembers how it would have been answered."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        self.plan = ""

    def fetch_all(self, query: str, parameters: Any = None) -> list[Row]:
        with self._database.transaction(self._namespace) as transaction:
            # the tables of a test are so small that reading all of one were cheaper
            for dearer in ("seqscan", "bitmapscan", "sort"):
                transaction.execute(f"SET LOCAL enable_{dearer} = off")
            plan = transaction.fetch_all(f"EXPLAIN {query}", parameters)
        self.plan = "\n".join(row["QUERY PLAN"] for row in plan)
        return []


@pytest.fixture
def explaining(database: Database, namespace: str) -> Explaining:
    return Explaining(database, namespace)


def test_a_balance_reads_open_holds_and_those_on_their_way_and_none_that_were_abandoned(explaining: Explaining) -> None:
    PostgresStandings(explaining).of_holder(Holder("acme"), AT)

    assert "reservations_open" in explaining.plan
    assert "reservations_uncounted" in explaining.plan


def test_everything_else_of_a_balance_is_found_by_a_key(explaining: Explaining) -> None:
    standings = PostgresStandings(explaining)
    for ask in (
        lambda: standings.of_holder(Holder("acme"), AT),
        lambda: standings.named(Holder("acme"), "tokens", AT, AT),
        lambda: standings.of_holder(Holder("app", is_subject=True), AT),
        lambda: standings.of_subjects(["acme", "app"], ["tokens"], AT),
        lambda: standings.of_entitlements(["E1"], AT),
    ):
        ask()
        assert "Seq Scan" not in explaining.plan, explaining.plan
        assert "Index Scan Backward using balance_snapshots_pkey" in explaining.plan
        # the latest mark of one subject, not all marks of a meter
        assert "Index Only Scan Backward using late_usage_pkey" in explaining.plan
        marks = explaining.plan.partition("Index Only Scan Backward using late_usage_pkey")[2]
        assert "(subject = own.subject)" in marks.partition("\n")[2].partition("\n")[0], explaining.plan


@pytest.mark.parametrize(
    ("query", "asked", "index"),
    [
        ("take_due", {"at": AT, "again_at": AT, "limit": 100}, "balance_evaluations_due"),
        ("uncounted", {"ids": ["01E"]}, "reservations_uncounted"),
        ("crossings", {"ids": ["01E"], "period_starts": [AT]}, "threshold_crossings_pkey"),
    ],
)
def test_the_workers_own_questions_are_answered_by_an_index(
    explaining: Explaining, query: str, asked: dict[str, Any], index: str
) -> None:
    explaining.fetch_all(SQL[query], asked)

    assert index in explaining.plan, explaining.plan
