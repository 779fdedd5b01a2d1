"""The use cases that manage entitlements and grants, together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from meterhouse.entitlements.end_entitlement import EndEntitlement
from meterhouse.entitlements.entitle import Entitle
from meterhouse.entitlements.grant_usage import GrantUsage
from meterhouse.entitlements.override_entitlement import OverrideEntitlement
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.reset_usage import ResetUsage
from meterhouse.entitlements.service import EntitlementReads
from meterhouse.entitlements.void_grant import VoidGrant
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Management:
    reads: EntitlementReads
    entitle: Entitle
    override: OverrideEntitlement
    end: EndEntitlement
    reset: ResetUsage
    grant: GrantUsage
    void: VoidGrant


def management(begin: Begin[Store], now: Callable[[], datetime] = clock.now) -> Management:
    return Management(
        EntitlementReads(begin, now),
        Entitle(begin, now),
        OverrideEntitlement(begin, now),
        EndEntitlement(begin, now),
        ResetUsage(begin, now),
        GrantUsage(begin, now),
        VoidGrant(begin, now),
    )
