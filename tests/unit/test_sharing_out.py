"""What is dear to start is started by one worker; what is long and alone is shared out."""

import pytest

from tests.sharing_out import unit_of


@pytest.mark.parametrize("ring", ["e2e", "infra"])
def test_a_ring_that_deploys_or_synthesises_once_stays_whole(ring: str) -> None:
    units = {unit_of(f"tests/{ring}/{test}") for test in ("test_a.py::test_one", "test_b.py::test_two[x]")}

    assert units == {ring}


@pytest.mark.parametrize("test", ["test_one", "TestSome::test_two", "test_three[a::b/c]", "test_four[e2e@infra]"])
def test_a_file_stays_whole(test: str) -> None:
    assert unit_of(f"tests/integration/metering/test_api.py::{test}") == "tests/integration/metering/test_api.py"


def test_a_slice_of_the_simulation_goes_where_a_worker_is_free() -> None:
    slices = {f"tests/simulation/test_simulation.py::test_no_fault_changes_a_number[{part}]" for part in range(3)}

    assert {unit_of(one) for one in slices} == slices
