"""How an export may be called; the rest is in tests/integration/tenancy/test_export.py."""

import pytest

from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform.export import checked_name


@pytest.mark.parametrize("name", ["", "A", "../other", "a/b", "-a", "a" * 41])
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        checked_name(name)
