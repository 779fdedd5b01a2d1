"""Two who want the same subject at once, on a real PostgreSQL, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.customers.conftest import START


@pytest.fixture
def other(database_settings: PostgresSettings) -> Iterator[Database]:
    """A second connection."""
    database = Database(lambda: database_settings)
    yield database
    database.close()


def made(name: str, *subjects: str) -> Customer:
    details = CustomerDetails(name, subject_keys=subjects)
    return Customer(new_id(), details, created_at=START, updated_at=START)


def changed(customer: Customer, **details: Any) -> Customer:
    return customer.replaced(replace(customer.details, **details), START + timedelta(seconds=1))


def save(database: Database, namespace: str, write: Callable[[PostgresCustomers], None]) -> None:
    with database.transaction(namespace) as transaction:
        write(PostgresCustomers(transaction))
        transaction.commit()


def owners(database: Database, namespace: str, *subjects: str) -> dict[str, str]:
    with database.transaction(namespace) as transaction:
        return PostgresCustomers(transaction).by_subjects(subjects)


def test_customers_that_want_each_other_s_subject_are_both_refused(
    database: Database, other: Database, namespace: str
) -> None:
    first, second = made("First", "a"), made("Second", "b")
    for customer in (first, second):
        save(database, namespace, lambda store, customer=customer: store.add(customer))  # type: ignore[misc]
    with database.transaction(namespace) as one, other.transaction(namespace) as two:
        for transaction, customer, wanted in ((one, first, "b"), (two, second, "a")):
            with pytest.raises(Conflict) as refused:
                PostgresCustomers(transaction).update(changed(customer, subject_keys=(wanted,)))
            assert refused.value.code == "subject_key_conflict"
    assert owners(database, namespace, "a", "b") == {"a": first.id, "b": second.id}


def test_a_subject_that_is_taken_and_given_up_while_it_is_claimed_is_claimed(
    database: Database, other: Database, namespace: str
) -> None:
    """The owner comes between our look and our claim, and goes between our claim and our next look."""
    owner, heir = made("Owner", "a"), made("Heir", "a")
    between = iter(
        (
            lambda: save(other, namespace, lambda store: store.add(owner)),
            lambda: save(other, namespace, lambda store: store.update(owner.deleted(START))),
        )
    )

    class Interrupted(Transaction):
        def execute(self, query: str, parameters: Any = None) -> int:
            if "INSERT INTO customer_subjects" not in query:
                return super().execute(query, parameters)
            next(between, lambda: None)()
            touched = super().execute(query, parameters)
            next(between, lambda: None)()
            return touched

    with database.transaction(namespace) as transaction:
        PostgresCustomers(Interrupted(transaction.connection, namespace)).add(heir)
        transaction.commit()
    assert owners(database, namespace, "a") == {"a": heir.id}
    assert next(between, None) is None


def test_a_subject_key_that_becomes_the_key_finds_the_customer_and_back(database: Database, namespace: str) -> None:
    acme = made("Acme", "a", "b")
    save(database, namespace, lambda store: store.add(acme))
    for key, subjects in (("a", ("b",)), ("b", ("a", "b")), (None, ("a", "b"))):
        save(
            database,
            namespace,
            lambda store, key=key, subjects=subjects: store.update(  # type: ignore[misc]
                changed(acme, key=key, subject_keys=subjects)
            ),
        )
        with database.transaction(namespace) as transaction:
            store = PostgresCustomers(transaction)
            found = {text for text in "ab" if store.find(text) is not None}
        assert found == ({key} if key else set())
        assert owners(database, namespace, "a", "b") == dict.fromkeys("ab", acme.id)
