from dataclasses import replace

import pytest

from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.payments.sandbox import TARGET_STATUS, Sandbox
from tests.unit.billing.samples import rated_draft
from tests.unit.subscriptions.samples import at

AS_OF = at("2024-02-01T02:00:00Z")


def after(metadata: dict[str, str]) -> Invoice:
    draft = rated_draft()
    return drive(Driven(replace(draft.invoice, metadata=metadata)), Sandbox(), AS_OF).invoice


@pytest.mark.parametrize(
    ("wanted", "state"),
    [
        ("paid", InvoiceState.PAID),
        ("failed", InvoiceState.PAYMENT_FAILED),
        ("uncollectible", InvoiceState.UNCOLLECTIBLE),
        ("action_required", InvoiceState.PAYMENT_ACTION_REQUIRED),
    ],
)
def test_metadata_decides_the_outcome_of_the_payment(wanted: str, state: InvoiceState) -> None:
    assert after({TARGET_STATUS: wanted}).state is state


def test_without_a_wish_everything_is_paid() -> None:
    assert after({}).state is InvoiceState.PAID


def test_an_unknown_wish_is_pointed_out_and_paid() -> None:
    invoice = after({TARGET_STATUS: "maybe"})
    assert invoice.state is InvoiceState.PAID
    assert [issue.code for issue in invoice.issues] == ["unknown_target_status"]
