"""Erasures in PostgreSQL, some of them asked for by the release before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from meterhouse.customers.erasure import REMEMBERED, ErasedNames, ErasureStatus
from meterhouse.customers.erasures import Erasures
from meterhouse.customers.postgres_erasures import AllErasures, PostgresErasures
from meterhouse.platform.postgres import Database, begins

AT = datetime(2026, 5, 1, tzinfo=UTC)
WITHOUT_SALTS = "DELETE FROM erased_names WHERE namespace = %(namespace)s AND erasure_id = %(id)s"
"""What the release before, which writes no such row, would have left."""


def test_the_names_of_a_namespace_share_a_salt_and_each_is_forgotten_when_it_is_time(
    database: Database, namespace: str
) -> None:
    begin, now = begins(database, PostgresErasures), AT
    erasures = Erasures(begin, now=lambda: now)
    ann = erasures.ask(namespace, "ann", "ann")
    with database.transaction(namespace) as transaction:
        transaction.execute(WITHOUT_SALTS, {"id": ann.id})
        transaction.commit()
    bob, cy = (erasures.ask(namespace, name, name) for name in ("bob", "cy"))
    assert bob.salt == cy.salt

    known = AllErasures(database).of(namespace)
    assert [(one.id, one.salted) for one in known] == [(ann.id, None), (bob.id, bob.salted), (cy.id, cy.salted)]
    assert [one.id for name in ("ann", "bob", "cy", "dan") for one in ErasedNames(known).of(name)] == [
        one.id for one in known
    ]

    for one in (ann, bob):
        with begin(namespace) as work:
            work.store.save(replace(one, status=ErasureStatus.COMPLETE, subject=None, completed_at=AT))
            work.commit()
    assert AllErasures(database).of(namespace)[1].salted == bob.salted
    now = AT + REMEMBERED
    with begin(namespace) as work:
        work.store.forget(now + timedelta(seconds=1) - REMEMBERED)
        work.commit()
    assert [one.id for one in AllErasures(database).of(namespace)] == [cy.id]
    with database.transaction(namespace) as transaction:
        left = transaction.fetch_all("SELECT erasure_id FROM erased_names WHERE namespace = %(namespace)s")
    assert [row["erasure_id"] for row in left] == [cy.id]
