"""Charges to credit as billing makes them: with the customers locked, in a transaction, committed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Allocation
from meterhouse.ledger.charging import Charged, collect_credit, give_back_part, recognise_credit

if TYPE_CHECKING:
    from meterhouse.ledger.ports import LedgerStore
    from meterhouse.platform.work import Begin


@dataclass
class Charging:
    begin: "Begin[LedgerStore]"
    namespace: str
    at: datetime

    def collect(self, charged: Iterable[Charged]) -> Mapping[str, Collected]:
        wanted = list(charged)
        with self.begin(self.namespace) as work:
            work.store.ledger.lock_customers({customer for customer, _ in wanted})
            collected = collect_credit(work.store, wanted, self.at)
            work.commit()
        return collected

    def give_back(self, customer: str, charge: str, amount: Decimal, key: str) -> list[Allocation]:
        """What credit bears of the charge then."""
        with self.begin(self.namespace) as work:
            work.store.ledger.lock_customers([customer])
            give_back_part(work.store, {charge: amount}, key, self.at)
            work.commit()
            return list(work.store.ledger.realised([charge]).get(charge, ()))

    def recognise(self, customer: str, charge: str, key: str) -> None:
        with self.begin(self.namespace) as work:
            work.store.ledger.lock_customers([customer])
            recognise_credit(work.store, [charge], key, self.at)
            work.commit()
