"""The prepaid credit of a run's customers: granted, shown, summed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.purchases import BilledPurchases
from meterhouse.ledger.account import Account
from meterhouse.ledger.balance import EVERYTHING, CreditBalance, Scope
from meterhouse.ledger.credit_grant import CreditGrant, Funding
from meterhouse.ledger.grant_api import grants_wire
from meterhouse.ledger.grant_credit import GrantCredit
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.management import management
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.ledger.service import CreditReads
from meterhouse.platform.postgres import begins
from tests.unit.subscriptions.samples import at

if TYPE_CHECKING:
    from meterhouse.ledger.ports import LedgerStore
    from meterhouse.platform.work import Begin
    from tests.integration.billing.conftest import Run

START = at("2024-01-01")


@dataclass
class Purse:
    run: "Run"

    def __post_init__(self) -> None:
        self.begin: Begin[LedgerStore] = begins(self.run.database, PostgresLedgerStore)

    def now(self) -> Any:
        return self.run.now

    def grant(self, customer: str, amount: object, **fields: Any) -> CreditGrant:
        given: dict[str, Any] = {"name": "Credit", "funding": Funding.NONE, "currency": "USD", "effective_at": START}
        spec = CreditGrantSpec(amount=Decimal(str(amount)), **(given | fields))
        purchases = BilledPurchases(self.run.begin)
        return GrantCredit(self.begin, self.now, purchases=purchases)(self.run.namespace, customer, spec)

    def buy(self, customer: str, amount: object, rate: str = "1", **fields: Any) -> CreditGrant:
        """Credit that an invoice pays for."""
        purchase = PurchaseSpec("USD", Decimal(rate))
        return self.grant(customer, amount, funding=Funding.INVOICE, purchase=purchase, **fields)

    def shown(self, grant: CreditGrant) -> dict[str, Any]:
        """The grant on the wire."""
        credits_ = management(self.begin, now=self.now, purchases=BilledPurchases(self.run.begin))
        found = credits_.reads.grant(self.run.namespace, grant.customer_id, grant.id)
        [wire] = grants_wire(credits_, self.run.namespace, [found], self.run.now)
        return wire.model_dump(mode="json", exclude_none=True)

    def balances(self, customer: str, scope: Scope = EVERYTHING) -> Sequence[CreditBalance]:
        reads = CreditReads(self.begin, OpenLines(self.run.begin, self.run.usage), self.now)
        return reads.balances(self.run.namespace, customer, scope).balances

    def balance(self, customer: str, scope: Scope = EVERYTHING) -> CreditBalance:
        [found] = self.balances(customer, scope)
        return found

    def standing(self, customer: str, scope: Scope = EVERYTHING) -> tuple[float, float]:
        """Settled and live."""
        found = self.balance(customer, scope)
        return float(found.settled), float(found.live)

    def settled(self, customer: str) -> Decimal:
        return self.balance(customer).settled

    def sum_of(self, account: Account) -> Decimal:
        [row] = self.run.rows(
            "SELECT coalesce(sum(amount), 0) AS total FROM ledger_entries"
            f" WHERE namespace = %(namespace)s AND account = '{account}'"
        )
        total: Decimal = row["total"]
        return total

    def everything(self) -> dict[str, Any]:
        """All that billing and the ledger store."""
        tables = ("credit_grants", "ledger_charges", "ledger_transactions", "ledger_entries")
        written = {
            table: self.run.rows(f"SELECT * FROM {table} WHERE namespace = %(namespace)s ORDER BY 1, 2, 3")
            for table in tables
        }
        return self.run.everything() | written
