"""Balances of credit on the wire, to the contract's third version."""

from meterhouse.ledger.credit_schema import CreditCurrency
from meterhouse.ledger.service import Told
from meterhouse.platform.wire import Instant, Numeric, SnakeWire


class CreditBalanceWire(SnakeWire):
    currency: CreditCurrency
    live: Numeric
    settled: Numeric
    pending: Numeric


class BillingCreditBalances(SnakeWire):
    retrieved_at: Instant
    balances: list[CreditBalanceWire]


def balances_wire(told: Told) -> BillingCreditBalances:
    return BillingCreditBalances(
        retrieved_at=told.read_at,
        balances=[
            CreditBalanceWire(currency=one.currency, live=one.live, settled=one.settled, pending=one.pending)
            for one in told.balances
        ],
    )
