"""Which routes a lock closes, and which namespaces it is of."""

import pytest

from meterhouse.kernel.errors import Forbidden
from meterhouse.platform.access import route_scopes
from meterhouse.platform.lockdown import LOCKED, locked_namespaces, refuse_locked, writes_billing
from meterhouse.platform.pass_by import is_passed_by


def test_all_that_changes_invoices_and_credit_writes_billing_and_nothing_that_reads_does() -> None:
    writes = {route for route in route_scopes() if writes_billing(route)}
    assert {
        "POST /api/v1/billing/invoices/{invoiceId}/void",
        "PUT /api/v1/billing/profiles/{id}",
        "POST /api/v3/openmeter/customers/{customerId}/credits/grants",
        "POST /api/v1/apps/custom-invoicing/{invoiceId}/payment/status",
    } < writes
    assert not any(route.startswith("GET ") for route in writes)
    assert not any(writes_billing(route) for route in ("POST /api/v1/events", "POST /api/v1/subscriptions", "nothing"))


@pytest.mark.parametrize(
    ("written", "expected"), [("", set()), ("acme", {"acme"}), (" acme ,, old-house ", {"acme", "old-house"})]
)
def test_the_list_is_names_with_commas_between_them(
    monkeypatch: pytest.MonkeyPatch, written: str, expected: set[str]
) -> None:
    monkeypatch.setenv(LOCKED, written)
    assert locked_namespaces() == expected
    assert {name for name in ("acme", "old-house", "acm") if is_passed_by(name)} == expected


def test_a_locked_namespace_is_named_with_a_code() -> None:
    refuse_locked("acme", {"other"})
    with pytest.raises(Forbidden, match="namespace acme is locked") as refused:
        refuse_locked("acme", {"acme"})
    assert refused.value.code == "billing_locked"
