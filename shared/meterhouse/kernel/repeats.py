"""Where a list says again what it said before."""

from collections.abc import Hashable, Iterable, Iterator


def repeats(names: Iterable[Hashable]) -> Iterator[int]:
    """Indices from 0, in order, of names that an earlier one equals."""
    known: set[Hashable] = set()
    for number, name in enumerate(names):
        if name in known:
            yield number
        known.add(name)
