"""What queries say of themselves to the database: on whose behalf they run."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_comment: ContextVar[str | None] = ContextVar("query_comment", default=None)


def query_comment() -> str | None:
    return _comment.get()


@contextmanager
def commented(comment: str | None) -> Iterator[None]:
    """Queries run inside carry the comment; None: they carry none."""
    token = _comment.set(comment)
    try:
        yield
    finally:
        _comment.reset(token)
