from collections.abc import Iterable, Iterator


def repeats(names: Iterable[str]) -> Iterator[int]:
    """Where names stand that stood before."""
    known: set[str] = set()
    for number, name in enumerate(names):
        if name in known:
            yield number
        known.add(name)
