"""An environment of the authorizer that people come to with tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from meterhouse.platform.oidc import People
from tests.issuer import NOON

SECOND = timedelta(seconds=1)


@dataclass
class Door:
    """An environment of the authorizer, at some instant."""

    people: People
    now: datetime = NOON

    def told(self, token: str) -> dict[str, str] | None:
        return self.people.told_of(token)


def roles(told: dict[str, str] | None) -> set[str]:
    """Some scopes that tell the roles apart."""
    assert told is not None
    assert "refused" not in told, told
    return set(told["scopes"].split()) & {"*", "keys:write", "billing:write", "events:write", "usage:read"}
