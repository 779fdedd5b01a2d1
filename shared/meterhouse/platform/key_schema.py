"""API keys on the wire, beside the contract."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from meterhouse.platform.api_key import LONGEST_OVERLAP, ApiKey, ApiKeySpec
from meterhouse.platform.faults import invalid_input
from meterhouse.platform.limits import Rate
from meterhouse.platform.namespaces import Allowance
from meterhouse.platform.quotas import Quota, quota_of
from meterhouse.platform.show_quota import MonthlyUse
from meterhouse.platform.wire import Instant, Name, Ulid, Whole, Wire, as_utc

Role = Literal["owner", "finance", "developer", "read-only"]
_MOST_SCOPES = 100
_DAY = 86_400
_SECONDS_AT_ONCE = 2
_MOST_A_MONTH = 1_000_000_000_000


class RateLimitWire(Wire):
    """`burst` may come at once: as many as two seconds' where it is not given."""

    requests_per_second: Annotated[Whole, Field(ge=1, le=100_000)]
    burst: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None


class QuotaWire(Wire):
    """In a calendar month (UTC); at least one of both."""

    requests_per_month: Annotated[Whole, Field(ge=1, le=_MOST_A_MONTH)] | None = None
    events_per_month: Annotated[Whole, Field(ge=1, le=_MOST_A_MONTH)] | None = None


class ApiKeyCreate(Wire):
    """A role, or scopes one by one. Without `expiresAt` the key is good until it is revoked."""

    name: Name
    role: Role | None = None
    scopes: Annotated[list[str], Field(min_length=1, max_length=_MOST_SCOPES)] | None = None
    expires_at: Instant | None = None
    rate_limit: RateLimitWire | None = None
    quota: QuotaWire | None = None


class ApiKeyRotate(Wire):
    """For how many seconds more the secrets of before are good, too: a day where it is not given, 0 for not at all."""

    overlap_seconds: Annotated[Whole, Field(ge=0, le=int(LONGEST_OVERLAP.total_seconds()))] = _DAY


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
    quota: QuotaWire | None = None
    last_used_at: Instant | None = None
    revoked_at: Instant | None = None
    active: bool
    key: str | None = None


class QuotaUseWire(Wire):
    """`holder` is the key or its namespace; what is counted may pass the limit by what came at the same time."""

    holder: Literal["key", "namespace"]
    counts: Literal["requests", "events"]
    limit: int
    used: int
    left: int


class MonthlyUseWire(Wire):
    """Of what has a quota alone; it begins anew at `to`."""

    from_: Annotated[Instant, Field(alias="from")]
    to: Instant
    quotas: list[QuotaUseWire]


def monthly_use_to_wire(month: MonthlyUse) -> MonthlyUseWire:
    return MonthlyUseWire.model_validate(
        {
            "from": month.since,
            "to": month.until,
            "quotas": [{**asdict(use), "left": use.left} for use in month.uses],
        }
    )


def spec_of(body: ApiKeyCreate) -> ApiKeySpec:
    rate, quota = rate_from_wire(body.rate_limit), quota_from_wire(body.quota)
    return ApiKeySpec(body.name, body.role, tuple(body.scopes or ()), as_utc(body.expires_at), rate, quota)


def rate_from_wire(wire: RateLimitWire | None) -> Rate | None:
    if wire is None:
        return None
    return Rate(wire.requests_per_second, wire.burst or wire.requests_per_second * _SECONDS_AT_ONCE)


def quota_from_wire(wire: QuotaWire | None) -> Quota | None:
    return None if wire is None else quota_of(wire.requests_per_month, wire.events_per_month)


def overlap_of(body: ApiKeyRotate) -> timedelta:
    return timedelta(seconds=body.overlap_seconds)


class AllowanceWire(Wire):
    """What an operator orders for a namespace; what is not given is unlimited, or for the portal as usual."""

    rate_limit: RateLimitWire | None = None
    quota: QuotaWire | None = None
    portal_rate_limit: RateLimitWire | None = None


def allowance_of_event(event: Mapping[str, Any]) -> Allowance:
    """Of an operator's order.

    Raises:
        InvalidInput: it is none, with every fault.
    """
    names = ("rateLimit", "quota", "portalRateLimit")
    try:
        wire = AllowanceWire.model_validate({name: event[name] for name in names if name in event})
    except ValidationError as error:
        located = ({**fault, "loc": ("body", *fault["loc"])} for fault in error.errors())
        raise invalid_input(located, event) from error
    return Allowance(
        rate_from_wire(wire.rate_limit),
        quota_from_wire(wire.quota),
        rate_from_wire(wire.portal_rate_limit),
    )


def key_to_wire(key: ApiKey, at: datetime, text: str | None = None) -> ApiKeyWire:
    rate, quota = key.spec.rate, key.spec.quota
    return ApiKeyWire(
        id=key.id,
        name=key.spec.name,
        key_prefix=key.hint,
        role=key.spec.role,
        scopes=sorted(key.spec.granted),
        created_at=key.created_at,
        expires_at=key.spec.expires_at,
        rate_limit=None if rate is None else RateLimitWire(requests_per_second=rate.per_second, burst=rate.burst),
        quota=None if quota is None else QuotaWire(requests_per_month=quota.requests, events_per_month=quota.events),
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        active=not key.is_over(at),
        key=text,
    )


def without_secret(body: str) -> str:
    """An answer as it may be kept for a repeat of its request: the secret was told once."""
    document = json.loads(body)
    return json.dumps({name: value for name, value in document.items() if name != "key"})
