"""Customers on a real PostgreSQL: who owns which subject, and what a change may do."""

import pytest

from meterhouse.customers.model import Address, CustomerDetails
from meterhouse.customers.ports import CustomerFilter, CustomerOrder, CustomerPorts, PageRequest
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.at_once import at_once
from tests.integration.customers.conftest import FakeGuard, FakeSubscriptions

FULL = CustomerDetails(
    name="Acme",
    key="acme",
    subject_keys=("device-1", "device-2"),
    description="All of it",
    metadata={"tier": "gold"},
    primary_email="billing@acme.test",
    currency="EUR",
    billing_address=Address(country="DE", city="Köln", line1="Am Dom 1"),
)


def owners(database: Database, namespace: str, *subjects: str) -> dict[str, str]:
    with database.transaction(namespace) as transaction:
        return PostgresCustomers(transaction).by_subjects(subjects)


def published(database: Database, namespace: str) -> list[str]:
    with database.transaction(namespace) as transaction:
        query = "SELECT type FROM outbox WHERE namespace = %(namespace)s ORDER BY position"
        return [row["type"] for row in transaction.fetch_all(query)]


def test_a_customer_is_read_as_it_was_written(customers: CustomerService, namespace: str) -> None:
    created = customers.create(namespace, FULL).customer
    assert created.details == FULL
    assert customers.get(namespace, created.id).customer == created
    assert customers.get(namespace, "acme").customer == created


def test_usage_of_the_key_and_every_subject_key_is_the_customers(
    customers: CustomerService, database: Database, namespace: str
) -> None:
    created = customers.create(namespace, FULL).customer
    found = owners(database, namespace, "acme", "device-1", "device-2", "device-3")
    assert found == dict.fromkeys(("acme", "device-1", "device-2"), created.id)


@pytest.mark.parametrize(
    ("second", "code", "fields"),
    [
        (CustomerDetails("B", key="acme"), "key_conflict", ["/key"]),
        (CustomerDetails("B", key="device-1"), "key_conflict", ["/key"]),
        (
            CustomerDetails("B", subject_keys=("free", "device-2", "acme")),
            "subject_key_conflict",
            ["/usageAttribution/subjectKeys/1", "/usageAttribution/subjectKeys/2"],
        ),
    ],
    ids=["key of another", "key is a subject of another", "subject keys of another"],
)
def test_no_subject_is_two_customers(
    customers: CustomerService, namespace: str, second: CustomerDetails, code: str, fields: list[str]
) -> None:
    customers.create(namespace, FULL)
    with pytest.raises(Conflict) as refused:
        customers.create(namespace, second)
    assert refused.value.code == code
    assert [problem.field for problem in refused.value.problems] == fields
    assert customers.page(namespace, CustomerFilter(), PageRequest())[1] == 1


def test_the_same_keys_are_free_in_another_namespace(customers: CustomerService, namespace: str) -> None:
    customers.create(namespace, FULL)
    other = f"{namespace}-other"
    customers.create(other, FULL)
    with pytest.raises(NotFound):
        customers.get(f"{namespace}-third", "acme")


def test_one_of_concurrent_claims_of_a_subject_wins(
    database_settings: PostgresSettings, subscriptions: FakeSubscriptions, namespace: str
) -> None:
    def ports(transaction: Transaction) -> CustomerPorts:
        return CustomerPorts(PostgresCustomers(transaction), subscriptions, [])

    def claim(own: Database, name: str) -> None:
        service = CustomerService(begins(own, ports))
        service.create(namespace, CustomerDetails(name, subject_keys=("a", "b", "c")))

    assert at_once(database_settings, claim, "1234") == ["done", *["subject_key_conflict"] * 3]


def test_an_update_replaces_everything_but_a_currency_it_does_not_give(
    customers: CustomerService, database: Database, namespace: str
) -> None:
    created = customers.create(namespace, FULL).customer
    replaced = customers.replace(
        namespace, "acme", CustomerDetails("New", subject_keys=("device-2", "device-9"))
    ).customer
    assert replaced.details == CustomerDetails("New", subject_keys=("device-2", "device-9"), currency="EUR")
    assert replaced.created_at == created.created_at < replaced.updated_at
    assert set(owners(database, namespace, "acme", "device-1", "device-2", "device-9")) == {"device-2", "device-9"}
    with pytest.raises(NotFound):
        customers.get(namespace, "acme")


def test_subjects_cannot_change_while_a_room_above_is_against_it(
    customers: CustomerService, guard: FakeGuard, namespace: str
) -> None:
    created = customers.create(namespace, FULL).customer
    guard.subscribed.add(created.id)
    with pytest.raises(Conflict) as refused:
        customers.replace(namespace, created.id, CustomerDetails("New", key="acme", subject_keys=("device-1",)))
    assert refused.value.code == "active_subscription"
    renamed = CustomerDetails("New", key="acme", subject_keys=("device-2", "device-1"), currency="EUR")
    assert customers.replace(namespace, created.id, renamed).customer.details == renamed


def test_a_customer_is_not_deleted_while_rooms_above_are_against_it(
    customers: CustomerService, guard: FakeGuard, namespace: str
) -> None:
    created = customers.create(namespace, FULL).customer
    guard.subscribed.add(created.id)
    guard.owing.add(created.id)
    with pytest.raises(Conflict) as refused:
        customers.delete(namespace, created.id)
    assert [problem.code for problem in refused.value.problems] == ["active_subscription", "open_invoice"]
    assert customers.get(namespace, "acme").customer.deleted_at is None


def test_a_deleted_customer_gives_up_its_subjects_and_is_found_by_id_alone(
    customers: CustomerService, database: Database, namespace: str
) -> None:
    created = customers.create(namespace, FULL).customer
    customers.delete(namespace, "acme")
    customers.delete(namespace, created.id)
    assert customers.get(namespace, created.id).customer.deleted_at is not None
    assert owners(database, namespace, *FULL.usage_subjects) == {}
    with pytest.raises(NotFound):
        customers.get(namespace, "acme")
    with pytest.raises(Conflict) as refused:
        customers.replace(namespace, created.id, FULL)
    assert refused.value.code == "customer_deleted"
    customers.create(namespace, FULL)
    assert published(database, namespace) == ["customer.created", "customer.deleted", "customer.created"]


def test_an_id_goes_before_a_key_of_the_same_text(customers: CustomerService, namespace: str) -> None:
    first = customers.create(namespace, CustomerDetails("First", key="first")).customer
    customers.create(namespace, CustomerDetails("Second", key=first.id))
    assert customers.get(namespace, first.id).customer.name == "First"


def test_lists_come_in_pages_in_a_fixed_order(customers: CustomerService, namespace: str) -> None:
    for name in "cab":
        customers.create(namespace, CustomerDetails(name.upper(), key=f"key-{name}"))

    def names(wanted: CustomerFilter, page: PageRequest) -> list[str]:
        return [shown.customer.name for shown in customers.page(namespace, wanted, page)[0]]

    assert names(CustomerFilter(), PageRequest()) == ["A", "B", "C"]
    assert names(CustomerFilter(), PageRequest(descending=True)) == ["C", "B", "A"]
    assert names(CustomerFilter(), PageRequest(order_by=CustomerOrder.CREATED_AT)) == ["C", "A", "B"]
    assert names(CustomerFilter(), PageRequest(number=2, size=2)) == ["C"]
    assert names(CustomerFilter(key="KEY-B"), PageRequest()) == ["B"]
    assert customers.page(namespace, CustomerFilter(), PageRequest(number=9))[1] == 3


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (CustomerFilter(name="CM"), 1),
        (CustomerFilter(key="%"), 0),
        (CustomerFilter(primary_email="ACME.test"), 1),
        (CustomerFilter(subject="Device"), 1),
        (CustomerFilter(subject="other"), 0),
        (CustomerFilter(ids=[]), 0),
        (CustomerFilter(include_deleted=True), 2),
    ],
)
def test_lists_are_filtered_by_parts_of_a_field(
    customers: CustomerService, namespace: str, wanted: CustomerFilter, count: int
) -> None:
    customers.create(namespace, FULL)
    gone = customers.create(namespace, CustomerDetails("Gone", key="gone")).customer
    customers.delete(namespace, gone.id)
    shown, total = customers.page(namespace, wanted, PageRequest())
    assert (len(shown), total) == (count, count)


def test_lists_are_in_the_order_of_code_points(customers: CustomerService, namespace: str) -> None:
    names = ["a-2", "B", "_c", "A 1", "a1", "Ä"]
    for key, name in enumerate(names):
        customers.create(namespace, CustomerDetails(name, key=f"key-{key}"))
    shown, _ = customers.page(namespace, CustomerFilter(), PageRequest())
    assert [one.customer.name for one in shown] == sorted(names)


@pytest.mark.parametrize("name", ["äRZTE", "ЖУК", "straße 1"])
def test_a_customer_is_found_whichever_the_case_of_letters_beyond_a_to_z(
    customers: CustomerService, namespace: str, name: str
) -> None:
    customers.create(namespace, CustomerDetails("Ärzte vom Жук, Straße 1", key="doctors"))
    assert customers.page(namespace, CustomerFilter(name=name), PageRequest())[1] == 1


def test_ids_are_walked_in_order_without_the_deleted(
    customers: CustomerService, database: Database, namespace: str
) -> None:
    created = [customers.create(namespace, CustomerDetails(name, key=name)).customer.id for name in "abcd"]
    customers.delete(namespace, created[1])
    expected = sorted({*created} - {created[1]})
    with database.transaction(namespace) as transaction:
        store = PostgresCustomers(transaction)
        assert store.ids_after("", 2) == expected[:2]
        assert store.ids_after(expected[1], 2) == expected[2:]
        assert set(store.by_ids([*created, "unknown"])) == set(created)


def test_subscribers_of_a_plan_are_listed_with_their_subscription(
    customers: CustomerService, subscriptions: FakeSubscriptions, namespace: str
) -> None:
    created = customers.create(namespace, FULL).customer
    customers.create(namespace, CustomerDetails("Other", key="other"))
    subscriptions.held[created.id] = ("subscription-1", "pro")
    (shown,), total = customers.page(namespace, CustomerFilter(), PageRequest(), plan_key="pro", expand=True)
    assert (shown.customer, total, shown.current_subscription_id) == (created, 1, "subscription-1")
    assert shown.subscriptions == [{"id": "subscription-1"}]
    assert customers.page(namespace, CustomerFilter(), PageRequest(), plan_key="free") == ([], 0)
    assert customers.get(namespace, created.id).subscriptions is None
