"""The batches of the demo under faults: none is lost, some come twice, in an order that a seed fixes."""

from collections import Counter

import pytest

from localstack.demo.faults import shaken

BATCHES = list(range(200))


@pytest.mark.parametrize(("twice", "doubled"), [(0, 0), (0.25, 50), (1, 200)])
def test_every_batch_is_there_and_that_share_of_them_twice(twice: float, doubled: int) -> None:
    times = Counter(shaken(BATCHES, twice, seed=1))

    assert times.keys() == {*BATCHES}
    assert Counter(times.values()) == Counter({1: 200 - doubled, 2: doubled}) - Counter()


def test_a_seed_shakes_alike_and_another_otherwise() -> None:
    assert shaken(BATCHES, 0.5, seed=1) == shaken(BATCHES, 0.5, seed=1) != shaken(BATCHES, 0.5, seed=2)


def test_the_order_is_not_that_of_the_batches() -> None:
    assert shaken(BATCHES, 0, seed=1) != BATCHES
