import gc
import weakref

import pytest

from meterhouse.kernel.collector import without_collector


def test_cycles_are_searched_for_again_at_the_end_whatever_happened() -> None:
    seen = []

    @without_collector()
    def fails() -> None:
        seen.append(gc.isenabled())
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert [*seen, gc.isenabled()] == [False, True]


def test_who_had_it_off_has_it_off() -> None:
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_a_function_leaves_in_cycles_goes_with_its_end() -> None:
    class Circle:
        def __init__(self) -> None:
            self.me = self

    left: list[weakref.ref[Circle]] = []

    @without_collector()
    def draws() -> None:
        left.append(weakref.ref(Circle()))

    draws()
    assert [one() for one in left] == [None]
