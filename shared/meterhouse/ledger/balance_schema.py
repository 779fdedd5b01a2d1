"""Balances and transactions of credit on the wire, to the contract's third version."""

from meterhouse.kernel.ids import is_ulid
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.ledger.credit_schema import CreditCurrency
from meterhouse.ledger.ports import Movement, Place
from meterhouse.ledger.service import Told
from meterhouse.ledger.transaction import Kind
from meterhouse.platform.cursor import CursorMeta, item_of, no_cursor
from meterhouse.platform.wire import Instant, Name, Numeric, SnakeWire, Ulid


class CreditBalanceWire(SnakeWire):
    currency: CreditCurrency
    live: Numeric
    settled: Numeric
    pending: Numeric


class BillingCreditBalances(SnakeWire):
    retrieved_at: Instant
    balances: list[CreditBalanceWire]


class AvailableBalance(SnakeWire):
    before: Numeric
    after: Numeric


class BillingCreditTransaction(SnakeWire):
    id: Ulid
    name: Name
    created_at: Instant
    booked_at: Instant
    type: Kind
    currency: CreditCurrency
    amount: Numeric
    available_balance: AvailableBalance


class CreditTransactionPaginatedResponse(SnakeWire):
    data: list[BillingCreditTransaction]
    meta: CursorMeta


def balances_wire(told: Told) -> BillingCreditBalances:
    return BillingCreditBalances(
        retrieved_at=told.at,
        balances=[
            CreditBalanceWire(currency=one.currency, live=one.live, settled=one.settled, pending=one.pending)
            for one in told.balances
        ],
    )


def transaction_wire(movement: Movement) -> BillingCreditTransaction:
    return BillingCreditTransaction(
        id=movement.place.id,
        name=movement.name or movement.kind.capitalize(),
        created_at=movement.place.recorded_at,
        booked_at=movement.place.booked_at,
        type=movement.kind,
        currency=movement.currency,
        amount=movement.amount,
        available_balance=AvailableBalance(before=movement.before, after=movement.after),
    )


def cursor_text(movement: Movement) -> str:
    place = movement.place
    return "|".join((format_rfc3339(place.booked_at), str(place.rank), format_rfc3339(place.recorded_at), place.id))


def place_of(side: str, cursor: str | None) -> Place | None:
    """Where `cursor_text` said.

    Raises:
        InvalidInput: it is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        booked_at, rank, recorded_at, transaction_id = item_of(cursor).split("|")
        place = Place(parse_rfc3339(booked_at), _RANKS[rank], parse_rfc3339(recorded_at), transaction_id)
    except (ValueError, KeyError):
        raise no_cursor(side) from None
    if not is_ulid(place.id):
        raise no_cursor(side)
    return place


_RANKS = {"0": 0, "1": 1, "2": 2}
