"""Python's search for cycles, put off while much is made that has few."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNGEST = 0


@contextmanager
def without_collector() -> Iterator[None]:
    """What is made inside, or by a function that this decorates, is searched for cycles once, at the end.

    Each search in between would look at thousands of objects that are all in use.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
            gc.collect(_YOUNGEST)
