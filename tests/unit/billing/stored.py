"""What billing keeps of the lines of subscriptions, in memory."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from meterhouse.billing.collection import gathering
from meterhouse.billing.invoice import Line, ManagedBy
from meterhouse.billing.line_keys import is_rest
from meterhouse.billing.prepaid import Excess, Prepaid
from meterhouse.billing.reconcile import Changes, differences_on, reconcile
from meterhouse.billing.rests import Known
from meterhouse.billing.unused import pieces, served
from meterhouse.billing.void import Again, Voiding, reopened
from meterhouse.catalog.price import FlatPrice
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.model import Subscription
from tests.unit.billing.samples import CUSTOMER, NOW, PROFILE

if TYPE_CHECKING:
    from meterhouse.billing.credit_note import Unused


class Stored:
    """The lines of a store: `collect` freezes the due ones as an invoice does."""

    def __init__(self) -> None:
        self.pending: dict[str, Line] = {}
        self.invoiced: dict[str, Line] = {}
        self.closed: list[Line] = []
        self.excess: tuple[Excess, ...] = ()
        self.given: dict[str, list[Unused]] = {}

    def run(self, agreed: Iterable[Subscription], as_of: datetime) -> Changes:
        """What a run changes; what reaches too far is kept apart, and what is unused of it is given back."""
        subscriptions, pending = list(agreed), list(self.pending.values())
        changes = reconcile(subscriptions, pending, self._known(), as_of, NOW)
        for prepaid, unused in changes.returned:
            self.given.setdefault(prepaid.key, []).append(unused)
        if changes.returned:
            changes = reconcile(subscriptions, pending, self._known(), as_of, NOW)
            assert changes.returned == ()
        self.pending |= {line.id: line for line in (*changes.added, *changes.changed)}
        for line_id in changes.removed:
            del self.pending[line_id]
        self.excess = changes.excess
        return replace(changes, excess=())

    def collect(self, as_of: datetime) -> None:
        due = {line_id: line for line_id, line in self.pending.items() if line.invoice_at <= as_of}
        self.invoiced |= due
        self.pending = {line_id: line for line_id, line in self.pending.items() if line_id not in due}

    def differences(self, line: Line, agreed: Iterable[Subscription], at: datetime) -> list[str]:
        """Keys of what keeps an invoiced line from being billed again."""
        return differences_on([line.key], list(agreed), self._known(), at)

    def void(self, line: Line) -> None:
        """The invoiced line is to be billed again."""
        invoice = replace(gathering(CUSTOMER, "USD", "invoice", PROFILE, NOW), lines=(self.invoiced.pop(line.id),))
        closed, again = reopened(invoice, Voiding("mistake", Again(), {}), NOW)
        self.closed += closed
        self.pending |= {one.id: one for one in again}

    def lines(self) -> list[Line]:
        return [*self.pending.values(), *self.invoiced.values()]

    def keys(self) -> list[str]:
        return sorted(line.key for line in self.lines())

    def _known(self) -> Known:
        flat = [line for line in self.invoiced.values() if not line.rate_card.is_metered]
        parts = {
            line.key: Period(line.service_period.start, line.stands_until)
            for line in flat
            if line.agreed_end is not None or (line.is_prorated and line.service_period != line.full_service_period)
        }
        standing: list[Prepaid] = []
        for line in (one for one in flat if one.is_prorated and one.deleted_at is None):
            price = line.rate_card.price
            if line.rate_card.is_in_advance and isinstance(price, FlatPrice):
                served_, full = line.service_period, line.full_service_period
                is_by_hand = line.managed_by is ManagedBy.MANUAL
                whole = Prepaid(
                    line.key, _invoice_of(line), line.currency, price.amount, None, served_, full, is_by_hand=is_by_hand
                )
                left = list(pieces(whole, self.given.get(line.key, ())))
                part = served(whole, left)
                parts |= {} if part is None else {line.key: part}
                standing += left
        keys, rests = set(self.keys()), {line.key for line in flat if is_rest(line.key)}
        closed = {line.key: line.revision for line in self.closed if line.key not in keys}
        priced = {line.key: _invoice_of(line) for line in flat if _is_priced_by_hand(line)}
        return Known(keys, parts, standing, rests=rests, closed=closed, priced=priced)


def _invoice_of(line: Line) -> str:
    """Each line is on an invoice of its own."""
    return f"invoice of {line.id}"


def _is_priced_by_hand(line: Line) -> bool:
    is_by_hand = line.managed_by is ManagedBy.MANUAL and not line.is_prorated
    return is_by_hand and line.rate_card.is_in_advance and line.deleted_at is None
