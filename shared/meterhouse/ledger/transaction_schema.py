"""What happened to credit on the wire, to the contract's third version."""

from collections.abc import Mapping
from typing import Literal

from meterhouse.kernel.ids import is_ulid
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.ledger.credit_schema import CreditCurrency
from meterhouse.ledger.ports import Movement, Place
from meterhouse.ledger.transaction import Kind
from meterhouse.platform.cursor import CursorMeta, item_of, no_cursor
from meterhouse.platform.wire import Description, Instant, Name, Numeric, SnakeWire, Ulid

MovementType = Literal["funded", "consumed", "expired", "voided"]
_TYPES: dict[Kind, MovementType] = {
    Kind.FUNDED: "funded",
    Kind.CONSUMED: "consumed",
    Kind.EXPIRED: "expired",
    Kind.VOIDED: "voided",
}
_RANKS = {"0": 0, "1": 1, "2": 2}


class AvailableBalance(SnakeWire):
    before: Numeric
    after: Numeric


class BillingCreditTransaction(SnakeWire):
    id: Ulid
    name: Name
    description: Description | None = None
    labels: Mapping[str, str] | None = None
    created_at: Instant
    booked_at: Instant
    type: MovementType
    currency: CreditCurrency
    amount: Numeric
    available_balance: AvailableBalance


class CreditTransactionPaginatedResponse(SnakeWire):
    data: list[BillingCreditTransaction]
    meta: CursorMeta


def transaction_wire(movement: Movement) -> BillingCreditTransaction:
    words = movement.words
    return BillingCreditTransaction(
        id=movement.place.id,
        name=words.name or movement.kind.capitalize(),
        description=words.description,
        labels=words.labels or None,
        created_at=movement.place.recorded_at,
        booked_at=movement.place.booked_at,
        type=_TYPES[movement.kind],
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
