"""Portal tokens: whom they show what, and until when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from meterhouse.kernel.errors import Problems

DEFAULT_LIFE = timedelta(hours=1)
LONGEST_LIFE = timedelta(days=30)
KEPT_EXPIRED = timedelta(days=30)
"""How long a token that is over is still listed."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is seen: usage of `subject`, or all of a customer; of `meters` alone, or of every one where it is None."""

    subject: str
    customer_id: str | None = None
    meters: tuple[str, ...] | None = None

    def shows(self, slug: str) -> bool:
        return self.meters is None or slug in self.meters


@dataclass(frozen=True, slots=True)
class PortalToken:
    """Opens its scope until `expires_at`, unless it is invalidated before."""

    id: str
    scope: Scope
    created_at: datetime
    expires_at: datetime

    def has_expired(self, at: datetime) -> bool:
        return at >= self.expires_at


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """As a caller asks for one; `expires_at` None: an hour from now."""

    subject: str
    allowed_meters: Sequence[str] | None = None
    expires_at: datetime | None = None


def expiry_of(spec: TokenSpec, at: datetime, known_meters: Collection[str]) -> datetime:
    """When a token made at `at` expires.

    Raises:
        InvalidInput: it would be over already or live too long, or a meter is not known; all faults at once.
    """
    problems = Problems()
    for index, slug in enumerate(spec.allowed_meters or ()):
        if slug not in known_meters:
            problems.add(f"/allowedMeterSlugs/{index}", "meter_not_found", f"there is no meter {slug!r}")
    expires_at = spec.expires_at or at + DEFAULT_LIFE
    if expires_at <= at:
        problems.add("/expiresAt", "expired", "must be in the future")
    if expires_at > at + LONGEST_LIFE:
        problems.add("/expiresAt", "too_long", f"a token lives for {LONGEST_LIFE.days} days at the most")
    problems.raise_if_any("the token cannot be made")
    return expires_at
