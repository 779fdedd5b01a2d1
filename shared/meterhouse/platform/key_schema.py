"""API keys on the wire, beside the contract."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from meterhouse.platform.api_key import LONGEST_OVERLAP, ApiKey, ApiKeySpec
from meterhouse.platform.faults import invalid_input
from meterhouse.platform.limits import Rate
from meterhouse.platform.wire import Instant, Name, Ulid, Wire, as_utc

Role = Literal["owner", "finance", "developer", "read-only"]
_MOST_SCOPES = 100
_DAY = 86_400
_SECONDS_AT_ONCE = 2


class RateLimitWire(Wire):
    """`burst` may come at once: as many as two seconds' where it is not given."""

    requests_per_second: Annotated[int, Field(ge=1, le=100_000)]
    burst: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ApiKeyCreate(Wire):
    """A role, or scopes one by one. Without `expiresAt` the key is good until it is revoked."""

    name: Name
    role: Role | None = None
    scopes: Annotated[list[str], Field(min_length=1, max_length=_MOST_SCOPES)] | None = None
    expires_at: Instant | None = None
    rate_limit: RateLimitWire | None = None


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
    rate_limit: RateLimitWire | None = None
    last_used_at: Instant | None = None
    revoked_at: Instant | None = None
    active: bool
    key: str | None = None


def spec_of(body: ApiKeyCreate) -> ApiKeySpec:
    rate = None if body.rate_limit is None else rate_from_wire(body.rate_limit)
    return ApiKeySpec(body.name, body.role, tuple(body.scopes or ()), as_utc(body.expires_at), rate)


def rate_from_wire(wire: RateLimitWire) -> Rate:
    return Rate(wire.requests_per_second, wire.burst or wire.requests_per_second * _SECONDS_AT_ONCE)


def overlap_of(body: ApiKeyRotate) -> timedelta:
    return timedelta(seconds=body.overlap_seconds)


def rate_of_event(event: Mapping[str, Any]) -> Rate | None:
    """The `rateLimit` of an operator's order.

    Raises:
        InvalidInput: it is none.
    """
    if event.get("rateLimit") is None:
        return None
    try:
        return rate_from_wire(RateLimitWire.model_validate(event["rateLimit"]))
    except ValidationError as error:
        located = ({**fault, "loc": ("body", "rateLimit", *fault["loc"])} for fault in error.errors())
        raise invalid_input(located, event) from error


def key_to_wire(key: ApiKey, at: datetime, text: str | None = None) -> ApiKeyWire:
    rate = key.spec.rate
    return ApiKeyWire(
        id=key.id,
        name=key.spec.name,
        key_prefix=key.hint,
        role=key.spec.role,
        scopes=sorted(key.spec.granted),
        created_at=key.created_at,
        expires_at=key.spec.expires_at,
        rate_limit=None if rate is None else RateLimitWire(requests_per_second=rate.per_second, burst=rate.burst),
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        active=not key.is_over(at),
        key=text,
    )


def without_secret(body: str) -> str:
    """An answer as it may be kept for a repeat of its request: the secret was told once."""
    document = json.loads(body)
    return json.dumps({name: value for name, value in document.items() if name != "key"})
