from decimal import Decimal

import pytest
from pydantic import ValidationError

from meterhouse.billing.app import LineTax
from meterhouse.payments.custom_invoicing_schema import DraftSynchronized, draft_answer

LINE = "01HZ0000000000000000000001"


def test_a_system_of_the_callers_own_tells_what_taxes_lines_have() -> None:
    told = {"lineId": LINE, "exclusive": "1.90"}
    answer = draft_answer(DraftSynchronized.model_validate({"invoicing": {"lineTaxes": [told]}}))
    assert answer.taxes == {LINE: LineTax(Decimal(0), Decimal("1.90"))}
    assert draft_answer(DraftSynchronized()).taxes == {}


def test_taxes_are_decimals_in_strings() -> None:
    with pytest.raises(ValidationError, match="decimal number"):
        DraftSynchronized.model_validate({"invoicing": {"lineTaxes": [{"lineId": LINE, "exclusive": 1.9}]}})
