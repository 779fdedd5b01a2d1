from dataclasses import replace

import pytest

from meterhouse.billing.render_invoice import Format, key_of
from meterhouse.billing.state import InvoiceState
from tests.unit.billing.samples import draft

LONGEST_KEY = 1_024
"""Bytes, by S3."""


@pytest.mark.parametrize("number", ["N" * 256, "請" * 256, "\N{GRINNING FACE}" * 256])
@pytest.mark.parametrize("state", [InvoiceState.ISSUED, InvoiceState.VOIDED])
def test_a_document_has_a_key_whatever_its_number(number: str, state: InvoiceState) -> None:
    key = key_of("n" * 64, replace(draft(), number=number, state=state), Format.HTML)
    assert len(key.encode()) <= LONGEST_KEY
    others = (replace(draft(), number=number[:-1], state=state), replace(draft(), number=number, state=state))
    assert [key_of("n" * 64, other, Format.HTML) == key for other in others] == [False, True]


def test_a_usual_number_stands_in_the_key() -> None:
    invoice = replace(draft(), number="A/1 ä")
    assert key_of("house", invoice, Format.PDF) == f"house/{invoice.id}/A%2F1%20%C3%A4.pdf"
