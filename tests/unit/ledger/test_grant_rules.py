from decimal import Decimal

import pytest

from meterhouse.kernel.currency import Currency
from meterhouse.kernel.errors import InvalidInput, Problems
from meterhouse.ledger.grant_rules import check_amount

TOKENS = Currency("TOKENS", 12)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_amount_has_twenty_digits_before_the_point_and_all_of_its_currency_after_it(sign: str) -> None:
    problems = Problems()
    check_amount(Decimal(f"{sign}99999999999999999999.999999999999"), TOKENS, problems)
    assert len(problems) == 0
    check_amount(Decimal(f"{sign}100000000000000000000"), TOKENS, problems)
    with pytest.raises(InvalidInput) as refused:
        problems.raise_if_any("it is faulty")
    assert [problem.code for problem in refused.value.problems] == ["too_large"]
