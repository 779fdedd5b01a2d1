"""An API key as it is kept, without its secrets, and what may be asked of a new one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from meterhouse.kernel.errors import Forbidden, Problems
from meterhouse.platform.access import covers, roles, scopes, scopes_of
from meterhouse.platform.limits import Rate
from meterhouse.platform.quotas import Quota

LONGEST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ApiKeySpec:
    """What is asked for: a role, or scopes one by one. None is for ever of `expires_at`, else no limit."""

    name: str
    role: str | None
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    rate: Rate | None = None
    quota: Quota | None = None

    @property
    def granted(self) -> frozenset[str]:
        return scopes_of(self.role, self.scopes)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`hint` is the visible beginning of its newest secret; it opens its namespace in `[created_at, expires_at)`."""

    id: str
    spec: ApiKeySpec
    hint: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_over(self, at: datetime) -> bool:
        expires_at = self.spec.expires_at
        return self.revoked_at is not None or (expires_at is not None and expires_at <= at)


def check_spec(spec: ApiKeySpec, holder: Collection[str], at: datetime) -> None:
    """Whether who holds the scopes `holder` may make such a key.

    Raises:
        InvalidInput: with every fault.
        Forbidden: the key could do more than its maker.
    """
    faults = Problems()
    if (spec.role is None) == (not spec.scopes):
        faults.add("/role", "role_or_scopes", "give a role, or scopes one by one")
    if spec.role is not None and spec.role not in roles():
        faults.add("/role", "unknown_role", f"known are {', '.join(roles())}")
    for number, scope in enumerate(spec.scopes):
        if scope not in scopes():
            faults.add(f"/scopes/{number}", "unknown_scope", f"known are {', '.join(sorted(scopes()))}")
    if spec.expires_at is not None and spec.expires_at <= at:
        faults.add("/expiresAt", "past", "a key that expires does so in the future")
    faults.raise_if_any("there can be no such API key")
    check_reach(spec, holder)


def check_reach(spec: ApiKeySpec, holder: Collection[str]) -> None:
    """Whether who holds the scopes `holder` may learn a secret of such a key.

    Raises:
        Forbidden: the key can do more.
    """
    if not covers(holder, spec.granted):
        beyond = ", ".join(sorted(spec.granted - set(holder)))
        raise Forbidden(f"the key could do more than the credential that asks for it: {beyond}", "beyond_own_scopes")
