"""Faults of an API key, as the field that brought it."""

from collections.abc import Iterator
from contextlib import contextmanager

from meterhouse.kernel.errors import InvalidInput, Problem


@contextmanager
def faults_at(pointer: str) -> Iterator[None]:
    """Faults that a connector finds are the caller's, at `pointer` of what it sent."""
    try:
        yield
    except InvalidInput as error:
        found = [Problem(f"{pointer}{problem.field}", problem.code, problem.message) for problem in error.problems]
        raise InvalidInput(error.detail, found) from error
