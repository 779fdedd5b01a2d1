from decimal import Decimal

import pytest
from pydantic import ValidationError

from meterhouse.billing.app import LineTax
from meterhouse.kernel.errors import InvalidInput
from meterhouse.payments.custom_invoicing_schema import DraftSynchronized, draft_answer

LINE, OTHER = "01HZ0000000000000000000001", "01HZ0000000000000000000002"
DISCOUNT = "01HZ0000000000000000000003"


def test_a_system_of_the_callers_own_tells_what_taxes_lines_have() -> None:
    told = {"lineId": LINE, "exclusive": "1.90"}
    answer = draft_answer(DraftSynchronized.model_validate({"invoicing": {"lineTaxes": [told]}}))
    assert answer.taxes == {LINE: LineTax(Decimal(0), Decimal("1.90"))}
    assert draft_answer(DraftSynchronized()).taxes == {}


def test_what_is_said_of_one_part_twice_is_refused_for_neither_may_be_lost() -> None:
    said = {
        "lineTaxes": [{"lineId": LINE, "exclusive": "1"}, {"lineId": OTHER}, {"lineId": LINE, "exclusive": "2"}],
        "lineExternalIds": [{"lineId": LINE, "externalId": one} for one in ("a", "b")],
        "lineDiscountExternalIds": [{"lineDiscountId": DISCOUNT, "externalId": one} for one in ("a", "b")],
    }
    with pytest.raises(InvalidInput) as fault:
        draft_answer(DraftSynchronized.model_validate({"invoicing": said}))
    assert {(problem.field, problem.code) for problem in fault.value.problems} == {
        ("/invoicing/lineTaxes/2/lineId", "duplicate_line"),
        ("/invoicing/lineExternalIds/1/lineId", "duplicate_line"),
        ("/invoicing/lineDiscountExternalIds/1/lineDiscountId", "duplicate_line_discount"),
    }


def test_a_line_and_a_discount_of_one_id_are_refused_for_only_one_of_their_names_would_be_kept() -> None:
    said = {
        "lineExternalIds": [{"lineId": OTHER, "externalId": "a"}, {"lineId": LINE, "externalId": "b"}],
        "lineDiscountExternalIds": [{"lineDiscountId": LINE, "externalId": "c"}],
        "lineTaxes": [{"lineId": LINE}],
    }
    with pytest.raises(InvalidInput) as fault:
        draft_answer(DraftSynchronized.model_validate({"invoicing": said}))
    assert [(problem.field, problem.code) for problem in fault.value.problems] == [
        ("/invoicing/lineDiscountExternalIds/0/lineDiscountId", "duplicate_line_discount")
    ]


def test_taxes_are_decimals_in_strings() -> None:
    with pytest.raises(ValidationError, match="decimal number"):
        DraftSynchronized.model_validate({"invoicing": {"lineTaxes": [{"lineId": LINE, "exclusive": 1.9}]}})
