"""API keys on the wire, beside the contract."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from meterhouse.platform.api_key import LONGEST_OVERLAP, ApiKey, ApiKeySpec
from meterhouse.platform.wire import Instant, Name, Ulid, Wire, as_utc

Role = Literal["owner", "finance", "developer", "read-only"]
_MOST_SCOPES = 100
_DAY = 86_400


class ApiKeyCreate(Wire):
    """A role, or scopes one by one. Without `expiresAt` the key is good until it is revoked."""

    name: Name
    role: Role | None = None
    scopes: Annotated[list[str], Field(min_length=1, max_length=_MOST_SCOPES)] | None = None
    expires_at: Instant | None = None


class ApiKeyRotate(Wire):
    """For how many seconds more the secrets of before are good, too: a day where it is not given, 0 for not at all."""

    overlap_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_OVERLAP.total_seconds()))] = _DAY


class ApiKeyWire(Wire):
    """`key` is told once, to who made it or rotated it; `keyPrefix` is its beginning. `lastUsedAt` is of a minute."""

    id: Ulid
    name: str
    key_prefix: str
    role: str | None = None
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None = None
    last_used_at: Instant | None = None
    revoked_at: Instant | None = None
    active: bool
    key: str | None = None


def spec_of(body: ApiKeyCreate) -> ApiKeySpec:
    return ApiKeySpec(body.name, body.role, tuple(body.scopes or ()), as_utc(body.expires_at))


def overlap_of(body: ApiKeyRotate) -> timedelta:
    return timedelta(seconds=body.overlap_seconds)


def key_to_wire(key: ApiKey, at: datetime, text: str | None = None) -> ApiKeyWire:
    return ApiKeyWire(
        id=key.id,
        name=key.spec.name,
        key_prefix=key.hint,
        role=key.spec.role,
        scopes=sorted(key.spec.granted),
        created_at=key.created_at,
        expires_at=key.spec.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        active=not key.is_over(at),
        key=text,
    )


def without_secret(body: str) -> str:
    """An answer as it may be kept for a repeat of its request: the secret was told once."""
    document = json.loads(body)
    return json.dumps({name: value for name, value in document.items() if name != "key"})
