"""Who acts: told to the database with every transaction of a request; its audit log knows, and no use case need."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is of a credential (`key:<id>`, `person:<subject>`), the operator's, or `anybody` on an open route."""

    name: str
    route: str
    request_id: str


_ACTING: ContextVar[Actor | None] = ContextVar("acting", default=None)


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """What is changed inside is changed by this actor; by nobody where it is None."""
    token = _ACTING.set(actor)
    try:
        yield
    finally:
        _ACTING.reset(token)


def acting_now() -> Mapping[str, str]:
    """The variables that the database's audit reads; none while nobody acts."""
    actor = _ACTING.get()
    if actor is None:
        return {}
    return {"actor": actor.name, "route": actor.route, "request_id": actor.request_id}
