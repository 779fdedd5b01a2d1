"""Whatever is created, changed and deleted in whatever order: every subject has at most one live owner."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterhouse.customers.model import CustomerDetails
from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.customers.conftest import FakeSubscriptions

SUBJECTS = ("a", "b", "c", "d")
DETAILS = st.builds(
    CustomerDetails,
    st.just("Any"),
    key=st.sampled_from(SUBJECTS),
    subject_keys=st.lists(st.sampled_from(SUBJECTS), max_size=2, unique=True).map(tuple),
)
STEPS = st.lists(st.tuples(st.integers(0, 3), st.none() | DETAILS), max_size=12)


def ports(transaction: Transaction) -> CustomerPorts:
    return CustomerPorts(PostgresCustomers(transaction), FakeSubscriptions(), [])


class Expected:
    """The rule in a few lines: who owns what, by customer id."""

    def __init__(self) -> None:
        self.owned: dict[str, tuple[str, ...]] = {}

    def is_free(self, subjects: Sequence[str], for_customer: str | None) -> bool:
        taken = {subject for owner, own in self.owned.items() if owner != for_customer for subject in own}
        return taken.isdisjoint(subjects)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_every_subject_has_at_most_one_live_owner(
    database: Database, steps: list[tuple[int, CustomerDetails | None]]
) -> None:
    service, expected = CustomerService(begins(database, ports)), Expected()
    namespace, slots = f"test-{new_id().lower()}", dict[int, str]()
    for slot, details in steps:
        known = slots.get(slot)
        if details is None:
            if known is not None:
                service.delete(namespace, known)
                del expected.owned[slots.pop(slot)]
            continue
        try:
            done = service.create(namespace, details) if known is None else service.replace(namespace, known, details)
        except Conflict:
            assert not expected.is_free(details.usage_subjects, known)
        else:
            assert expected.is_free(details.usage_subjects, known)
            slots[slot] = done.customer.id
            expected.owned[done.customer.id] = details.usage_subjects
    with database.transaction(namespace) as transaction:
        found = PostgresCustomers(transaction).by_subjects(SUBJECTS)
    assert found == {subject: owner for owner, own in expected.owned.items() for subject in own}
