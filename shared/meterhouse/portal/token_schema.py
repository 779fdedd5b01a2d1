"""Portal tokens on the wire, to the contract."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from meterhouse.platform.wire import ExternalKey, Instant, Key, Ulid, Wire, as_utc
from meterhouse.portal.model import PortalToken, TokenSpec

MOST_METERS = 100


class PortalTokenCreate(Wire):
    """`expiresAt`: in an hour where it is not given, in 30 days at the latest."""

    subject: ExternalKey
    allowed_meter_slugs: Annotated[list[Key], Field(min_length=1, max_length=MOST_METERS)] | None = None
    expires_at: Instant | None = None


class PortalTokenWire(Wire):
    """`token` is told once, to who made it."""

    id: Ulid
    subject: str
    expires_at: Instant
    expired: bool
    created_at: Instant
    token: str | None = None
    allowed_meter_slugs: list[str] | None = None


class PortalTokenInvalidate(Wire):
    id: Ulid | None = None
    subject: ExternalKey | None = None


def spec_of(body: PortalTokenCreate) -> TokenSpec:
    return TokenSpec(body.subject, body.allowed_meter_slugs, as_utc(body.expires_at))


def token_to_wire(token: PortalToken, at: datetime, text: str | None = None) -> PortalTokenWire:
    return PortalTokenWire(
        id=token.id,
        subject=token.scope.subject,
        expires_at=token.expires_at,
        expired=token.has_expired(at),
        created_at=token.created_at,
        token=text,
        allowed_meter_slugs=None if token.scope.meters is None else list(token.scope.meters),
    )
