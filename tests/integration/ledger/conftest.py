"""Customers with credit on the real database, at an instant the test sets."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from meterhouse.catalog.postgres_tax_codes import PostgresTaxCodes
from meterhouse.catalog.tax_code import TaxCode, TaxCodeSpec
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.cadence import Cadence
from meterhouse.ledger.adjust_credit import AdjustCredit, Adjustment
from meterhouse.ledger.api import routes
from meterhouse.ledger.balance import EVERYTHING, CreditBalance, Scope
from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.ledger.credit_grant import CreditGrant, Funding, Settlement
from meterhouse.ledger.expire_credits import ExpireCredits
from meterhouse.ledger.grant_credit import GrantCredit
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.list_expired_credits import ListExpiredCredits
from meterhouse.ledger.management import management
from meterhouse.ledger.ports import LedgerStore, Movement, MovementFilter, OpenCharges
from meterhouse.ledger.position import Position
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.ledger.service import CreditReads, nothing_open
from meterhouse.ledger.settle_purchase import SettlePurchase
from meterhouse.ledger.top_up import Limits
from meterhouse.ledger.top_ups import TopUps
from meterhouse.ledger.void_credit import VoidCredit
from meterhouse.platform.http import http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Row
from tests.integration.ledger.charging import Charging
from tests.unit.ledger.samples import T
from tests.unit.platform.requests import CONTEXT, request

if TYPE_CHECKING:
    from meterhouse.platform.work import Begin

USD = "USD"
_TABLES = (
    "credit_grants",
    "credit_top_ups",
    "credit_top_ups_made",
    "ledger_charges",
    "ledger_transactions",
    "ledger_entries",
    "outbox",
)


@dataclass
class Till:
    """A namespace with a customer; what happens there happens at `now`."""

    database: Database
    namespace: str
    now: datetime = T
    open_charges: OpenCharges = nothing_open
    customer: str = field(init=False)

    def __post_init__(self) -> None:
        self.begin: Begin[LedgerStore] = begins(self.database, PostgresLedgerStore)
        self.customer = self.add_customer()

    def clock(self) -> datetime:
        return self.now

    def add_customer(self) -> str:
        with self.database.transaction(self.namespace) as transaction:
            made = Customer(new_id(), CustomerDetails(name="Acme"), T, T)
            PostgresCustomers(transaction).add(made)
            transaction.commit()
        return made.id

    def add_tax_code(self, code_id: str) -> str:
        with self.database.transaction(self.namespace) as transaction:
            PostgresTaxCodes(transaction).add(TaxCode(code_id, "saas", TaxCodeSpec("Software"), T, T))
            transaction.commit()
        return code_id

    def grant(self, amount: object = 100, *, customer: str | None = None, **fields: Any) -> CreditGrant:
        given = {"name": "Credit", "funding": Funding.NONE, "currency": USD} | fields
        spec = CreditGrantSpec(amount=Decimal(str(amount)), **given)
        return GrantCredit(self.begin, self.clock)(self.namespace, customer or self.customer, spec)

    def buy(self, amount: object = 100, rate: str = "1", **fields: Any) -> CreditGrant:
        given: dict[str, Any] = {"funding": Funding.EXTERNAL, "purchase": PurchaseSpec(USD, Decimal(rate))} | fields
        return self.grant(amount, **given)

    def charging(self) -> Charging:
        return Charging(self.begin, self.namespace, self.now)

    def collect(
        self,
        amount: object,
        key: str = "c1",
        at: datetime | None = None,
        mode: Mode = Mode.CREDIT_THEN_INVOICE,
        **fields: Any,
    ) -> Collected:
        wanted = Charge(f"{self.namespace}:{key}", USD, Decimal(str(amount)), at or self.now, mode, **fields)
        return self.charging().collect([(self.customer, wanted)])[wanted.key]

    def give_back(self, amount: object, key: str = "c1", by: str = "x") -> list[Decimal]:
        """What credit bears of the charge then."""
        realised = self.charging().give_back(self.customer, f"{self.namespace}:{key}", Decimal(str(amount)), by)
        return [one.amount for one in realised]

    def top_up(self, grant: CreditGrant) -> None:
        """The customer has a top-up, and the grant was made by it."""
        spec = CreditGrantSpec("Credit", Funding.NONE, USD, Decimal(5))
        limits = Limits(Cadence.parse("P1M"), 1)
        made = TopUps(self.begin, now=self.clock).put(self.namespace, self.customer, spec, Decimal(1), limits)
        with self.begin(self.namespace) as work:
            work.store.top_ups.add_made(made, 1, grant.id)
            work.commit()

    def void(self, grant: CreditGrant) -> CreditGrant:
        return VoidCredit(self.begin, self.clock)(self.namespace, grant.customer_id, grant.id)

    def settle(self, grant: CreditGrant, settlement: Settlement, funding: Funding = Funding.EXTERNAL) -> CreditGrant:
        settle = SettlePurchase(self.begin, funding, self.clock)
        return settle(self.namespace, grant.customer_id, grant.id, settlement)

    def adjust(self, amount: object) -> None:
        adjust = AdjustCredit(self.begin, self.clock)
        adjust(self.namespace, self.customer, Adjustment("By hand", USD, Decimal(str(amount))))

    def expire(self, size: int = 200) -> int:
        """One run of the workflow."""
        batches = ListExpiredCredits(self.begin, lambda: [self.namespace], self.clock, size)()
        return sum(ExpireCredits(self.begin, self.clock)(batch) for batch in batches)

    def balance(self, at: datetime | None = None, scope: Scope = EVERYTHING) -> CreditBalance:
        reads = CreditReads(self.begin, now=self.clock)
        [found] = reads.balances(self.namespace, self.customer, scope, at).balances
        return found

    def movements(self, at: datetime | None = None, scope: Scope = EVERYTHING, **wanted: Any) -> list[Movement]:
        asked = MovementFilter(self.customer, at or self.now, scope, **wanted)
        return CreditReads(self.begin, now=self.clock).movements(self.namespace, asked)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: str = "",
        namespace: str | None = None,
        key: str | None = None,
    ) -> tuple[int, Any]:
        """A request below the customer's `credits`, or to a whole path."""
        handler = http_handler(*routes(management(self.begin, self.open_charges, self.clock)), database=self.database)
        whole = path if path.startswith("/") else f"/api/v3/openmeter/customers/{self.customer}/credits/{path}"
        headers = {"content-type": "application/json"} | ({} if key is None else {"idempotency-key": key})
        event = request(method, whole, body, query=query, headers=headers, namespace=namespace or self.namespace)
        answer = handler(event, CONTEXT)
        text = answer.get("body")
        return int(answer["statusCode"]), json.loads(text) if text else None

    def ok(self, method: str, path: str, body: object = None, *, query: str = "") -> Any:
        status, answer = self.call(method, path, body, query=query)
        assert status in {200, 201}, answer
        return answer

    def refused(self, method: str, path: str, body: object = None, *, query: str = "") -> list[tuple[str, str]]:
        status, answer = self.call(method, path, body, query=query)
        assert status == 400, answer
        return [(fault["field"], fault["code"]) for fault in answer["extensions"]["validationErrors"]]

    def positions(self) -> list[Position]:
        with self.begin(self.namespace) as work:
            held = work.store.ledger.holdings([self.customer]).values()
        return [position for holding in held for position in holding.positions]

    def rows(self, query: str) -> list[Row]:
        with self.database.transaction(self.namespace) as transaction:
            return transaction.fetch_all(query)

    def everything(self) -> dict[str, list[Row]]:
        """All that the room stores in the namespace, to see whether something changed."""
        return {
            table: self.rows(f"SELECT * FROM {table} WHERE namespace = %(namespace)s ORDER BY 1, 2, 3")
            for table in _TABLES
        }


@pytest.fixture
def till(database: Database, namespace: str) -> Till:
    return Till(database, namespace)
