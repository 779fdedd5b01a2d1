"""What was agreed on of a subscription's phases, said as simply as can be: to compare the real ones with."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.catalog.rate_card import RateCard
from meterhouse.subscriptions.offset import Offset
from tests.unit.subscriptions.samples import at, fee

START = at("2024-01-31")


def priced(key: str, amount: str) -> RateCard:
    """ "a" is charged by the quarter, beside what is charged by the month: an end may cut what it is invoiced for."""
    return fee(key, amount, cadence="P3M" if key == "a" else "P1M")


@dataclass
class OraclePhase:
    """What was agreed on of a phase, said as simply as can be: when it starts, and each price change by its instant.

    An instant of None is the phase's start, wherever that moves.
    """

    key: str
    months: int
    changes: list[tuple[datetime | None, str, Decimal | None]] = field(default_factory=list)

    @property
    def start(self) -> datetime:
        return Offset(self.months).after(START)

    def price(self, key: str, when: datetime) -> Decimal | None:
        so_far = [amount for since, item, amount in self.changes if item == key and (since or self.start) <= when]
        return so_far[-1] if so_far else None

    def knows(self, key: str) -> bool:
        return any(item == key and amount is not None for _, item, amount in self.changes)

    def is_scheduled(self, key: str, after: datetime, *, for_: Decimal | None) -> bool:
        """Whether a later edit is in the way: for a removal, one that adds the item."""
        later = [amount for since, item, amount in self.changes if item == key and since is not None and since > after]
        return any(amount is not None or for_ is not None for amount in later)

    def change(self, key: str, amount: Decimal | None, when: datetime, now: datetime) -> None:
        """From `when` on; what was to begin then, and is not past, is forgotten."""
        start = max(when, self.start)
        if self.price(key, start) == amount:
            return
        self.changes = [
            change
            for change in self.changes
            if change[1] != key or (change[0] or self.start) < start or (change[0] or self.start) <= now
        ]
        if amount is not None or self.price(key, start) is not None:
            self.changes.append((when if self.start <= when else None, key, amount))

    def unschedule(self, after: datetime) -> None:
        self.changes = [change for change in self.changes if change[0] is None or change[0] <= after]
