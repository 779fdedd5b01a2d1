"""The use cases that manage credit by hand, together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from meterhouse.ledger.adjust_credit import AdjustCredit
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_credit import UNBILLED, GrantCredit
from meterhouse.ledger.ports import LedgerStore, OpenCharges, Purchases
from meterhouse.ledger.service import CreditReads, nothing_open
from meterhouse.ledger.settle_purchase import SettlePurchase
from meterhouse.ledger.top_ups import TopUps
from meterhouse.ledger.void_credit import VoidCredit
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Credits:
    reads: CreditReads
    grant: GrantCredit
    settle: SettlePurchase
    void: VoidCredit
    adjust: AdjustCredit
    purchases: Purchases
    top_ups: TopUps


def management(
    begin: Begin[LedgerStore],
    open_charges: OpenCharges = nothing_open,
    now: Callable[[], datetime] = clock.now,
    purchases: Purchases = UNBILLED,
) -> Credits:
    return Credits(
        CreditReads(begin, open_charges, now),
        GrantCredit(begin, now, purchases=purchases),
        SettlePurchase(begin, Funding.EXTERNAL, now),
        VoidCredit(begin, now),
        AdjustCredit(begin, now),
        purchases,
        TopUps(begin, open_charges, now, purchases=purchases),
    )
