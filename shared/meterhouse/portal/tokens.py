"""Portal tokens: made for a subject or a customer, listed, invalidated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.model import Meter
from meterhouse.platform import api_keys, clock, ids
from meterhouse.platform.peppers import PeppersAt, known_peppers
from meterhouse.platform.work import Begin
from meterhouse.portal.model import KEPT_EXPIRED, PortalToken, Scope, TokenSpec, expiry_of

_PREFIX = "mhp_"


class TokenStore(Protocol):
    def add(self, token: PortalToken, token_hash: str) -> None: ...

    def page(self, limit: int) -> Sequence[PortalToken]:
        """The newest that are not invalidated, expired ones among them."""

    def invalidate(self, token_id: str | None, subject: str | None, at: datetime) -> None:
        """Close what has this id and is of this subject; None: any."""

    def forget_old(self, before: datetime) -> None:
        """Delete a few of those that expired before then."""


class KnownCustomers(Protocol):
    def find(self, id_or_key: str) -> Customer | None: ...

    def by_subjects(self, subjects: Iterable[str]) -> Mapping[str, str]: ...


class KnownMeters(Protocol):
    def live(self) -> Sequence[Meter]: ...


@dataclass(frozen=True, slots=True)
class PortalStore:
    tokens: TokenStore
    customers: KnownCustomers
    meters: KnownMeters


@dataclass(frozen=True, slots=True)
class Made:
    """A new token, with its text, which is told this once."""

    token: PortalToken
    text: str


class PortalTokens:
    def __init__(
        self,
        begin: Begin[PortalStore],
        peppers: PeppersAt = known_peppers,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._peppers = peppers
        self._now = now

    def now(self) -> datetime:
        """The instant that `expired` is told of."""
        return self._now()

    def create(self, namespace: str, spec: TokenSpec) -> Made:
        """A token for what `spec.subject` names: a subject, or a customer by its key or id, which shows all of it.

        Raises:
            InvalidInput: as `expiry_of`.
        """
        at, text = self._now(), api_keys.new_key(_PREFIX)
        with self._begin(namespace) as work:
            known = {meter.slug for meter in work.store.meters.live()} if spec.allowed_meters else set()
            expires_at = expiry_of(spec, at, known)
            meters = None if spec.allowed_meters is None else tuple(spec.allowed_meters)
            scope = Scope(spec.subject, _customer_named(work.store.customers, spec.subject), meters)
            token = PortalToken(ids.new_id(), scope, at, expires_at)
            work.store.tokens.add(token, self._peppers(at).hashed(text, at).text)
            work.store.tokens.forget_old(at - KEPT_EXPIRED)
            work.commit()
        return Made(token, text)

    def page(self, namespace: str, limit: int) -> Sequence[PortalToken]:
        with self._begin(namespace) as work:
            return work.store.tokens.page(limit)

    def invalidate(self, namespace: str, token_id: str | None, subject: str | None) -> None:
        """Close a token by its id, or all of a subject; closing what is closed changes nothing.

        Raises:
            InvalidInput: neither is given, which would close every token of the namespace.
        """
        if token_id is None and subject is None:
            raise InvalidInput("name a token or a subject", [Problem("", "id_or_subject", "needs `id` or `subject`")])
        with self._begin(namespace) as work:
            work.store.tokens.invalidate(token_id, subject, self._now())
            work.commit()


def _customer_named(customers: KnownCustomers, name: str) -> str | None:
    """The customer of this key or id; None: `name` is a subject, of a customer or of nobody."""
    owner = customers.by_subjects([name]).get(name)
    customer = customers.find(name)
    if customer is None or (owner is not None and owner != customer.id):
        return None
    return customer.id
