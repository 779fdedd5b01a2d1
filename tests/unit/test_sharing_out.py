"""What is dear to start is started by few workers; what is long and alone is shared out."""

import pytest

from tests.sharing_out import next_unit, unit_of

UNIT, COMMITS = "tests/unit/test_a.py", "tests/integration/billing/test_runs.py"
JOURNEY, OTHER_JOURNEY = "tests/e2e/test_sale.py", "tests/e2e/test_backfill.py"


def test_the_ring_that_synthesises_once_stays_whole() -> None:
    assert {unit_of(f"tests/infra/{test}") for test in ("test_a.py::test_one", "test_b.py::test_two[x]")} == {"infra"}


@pytest.mark.parametrize("test", ["test_one", "TestSome::test_two", "test_three[a::b/c]", "test_four[e2e@infra]"])
@pytest.mark.parametrize("file", ["tests/integration/metering/test_api.py", JOURNEY])
def test_a_file_stays_whole(file: str, test: str) -> None:
    assert unit_of(f"{file}::{test}") == file


def test_a_slice_of_the_simulation_goes_where_a_worker_is_free() -> None:
    slices = {f"tests/simulation/test_simulation.py::test_no_fault_changes_a_number[{part}]" for part in range(3)}

    assert {unit_of(one) for one in slices} == slices


def test_journeys_go_first_then_the_ring_that_synthesises_then_the_others_in_their_order() -> None:
    waiting = [UNIT, JOURNEY, "infra", COMMITS, OTHER_JOURNEY]

    taken = []
    while (unit := next_unit(waiting, may_journey=True)) is not None:
        taken.append(unit)
        waiting.remove(unit)
    assert taken == [JOURNEY, OTHER_JOURNEY, "infra", UNIT, COMMITS]


def test_a_worker_without_a_stack_takes_no_journey_even_if_nothing_else_is_left() -> None:
    assert next_unit([JOURNEY, "infra", UNIT], may_journey=False) == "infra"
    assert next_unit([JOURNEY, UNIT], may_journey=False) == UNIT
    assert next_unit([JOURNEY], may_journey=False) is None
