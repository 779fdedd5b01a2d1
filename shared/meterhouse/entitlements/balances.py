"""Balances at an instant: what the burn-down makes of grants, resets and usage, however many are asked for at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from meterhouse.entitlements.burn_down import Balance
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.standing import Standing


@dataclass(frozen=True, slots=True)
class EntitlementBalance:
    """What an entitlement gives at `at`.

    Attributes:
        at: the instant asked for; `balance` is that of the next whole minute, so that the newest usage counts.
        balance: of a metered entitlement.
        reserved: what open holds keep back of it.
    """

    entitlement: Entitlement
    at: datetime
    balance: Balance | None = None
    reserved: Decimal = Decimal(0)

    @property
    def available(self) -> Decimal:
        """What is left and not kept back; never below 0."""
        left = Decimal(0) if self.balance is None else self.balance.remaining
        return max(left - self.reserved, Decimal(0))

    @property
    def has_access(self) -> bool:
        if not self.entitlement.is_active(self.at):
            return False
        allowance = self.entitlement.allowance
        return allowance is None or allowance.is_soft_limit or self.available > 0


class Standings(Protocol):
    """One statement each, inside the caller's transaction."""

    def of_entitlements(self, entitlement_ids: Sequence[str], at: datetime) -> list[Standing]:
        """Those of these ids that exist; snapshots not later than `at`."""


class Balances:
    def at(self, namespace: str, standings: Sequence[Standing], at: datetime) -> Mapping[str, EntitlementBalance]:
        """What each entitlement gives, by its id: two round trips to the usage store, however many they are.

        Raises:
            Unavailable: the usage store does not answer; nobody has access by that.
        """
        raise NotImplementedError
