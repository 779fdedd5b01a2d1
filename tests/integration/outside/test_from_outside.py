"""Schemathesis over our OpenAPI: a few examples of every operation, always the same.

`python -m tests.integration.outside` asks much more.
"""

from collections.abc import Callable
from itertools import groupby

import pytest

from tests.integration.outside.drive import Driver
from tests.integration.outside.operations import Furnished, operations

_EXAMPLES = 2


@pytest.mark.timeout(900)
def test_no_answer_of_any_operation_is_other_than_documented(new_furnished: Callable[[], Furnished]) -> None:
    driver = Driver(_EXAMPLES)
    found = []
    for _, of_one_method in groupby(operations(), key=lambda one: one.method):
        # what one method has ended the next still finds
        furnished = new_furnished()
        found += [str(fault) for one in of_one_method for fault in driver.faults(one, furnished)]
    assert found == []
    succeeded = sum(count for status, count in driver.answers.items() if status < 300)
    assert succeeded > driver.answers.total() / 5, driver.answers
