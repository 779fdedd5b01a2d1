"""What was read of a meter for a line: of which period, when, and what of it other parts of that period charge for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from meterhouse.billing.invoice import Invoice, Line
from meterhouse.kernel.period import Period
from meterhouse.metering.counted_events import CountedEvent


class PartRead(NamedTuple):
    """A line was rated from what happened before `end` and was stored by `read_at`, less what other parts had of it.

    Attributes:
        gone_at: when it was voided to be billed again, and lost what it had; None: it stands, or is given up for good.
    """

    read_at: datetime
    end: datetime
    gone_at: datetime | None = None

    def has_read(self, event: CountedEvent) -> bool:
        return event.time < self.end and event.stored_at <= self.read_at

    def stands(self, at: datetime) -> bool:
        return self.gone_at is None or at < self.gone_at


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line was rated from.

    Attributes:
        period: of a part the whole up to the furthest part by then.
        parts: all that were read up to the line, in order, itself the last.
    """

    period: Period
    parts: tuple[PartRead, ...]

    def counts(self, event: CountedEvent) -> bool:
        """Whether the line charges for the event: what was stored after the reading is late, and not billed here."""
        holders: list[PartRead] = []
        for part in self.parts:
            if part.has_read(event) and not any(one.stands(part.read_at) for one in holders):
                holders.append(part)
        return bool(holders) and holders[-1] is self.parts[-1]


def reading_of(invoice: Invoice, line: Line, others: Iterable[tuple[Invoice, Line]]) -> Reading:
    """What a rated line was rated from; `others` were rated for the same whole period, whatever became of them."""
    own = _part((invoice, line))
    parts: list[PartRead] = []
    before = [one for one in map(_part, others) if _order(one) < _order(own)]
    for part in (*sorted(before, key=_order), own):
        standing = (one.end for one in parts if one.stands(part.read_at))
        parts.append(part._replace(end=max([part.end, *standing])))
    start = (line.whole_period or line.service_period).start
    return Reading(Period(start, parts[-1].end), tuple(parts))


def _order(part: PartRead) -> tuple[datetime, datetime]:
    return part.read_at, part.end


def _part(rated: tuple[Invoice, Line]) -> PartRead:
    """What was read with another part, for a credit note, or in units, was read when it was written last."""
    invoice, line = rated
    read_at = line.updated_at if line.note_id else invoice.quantity_snapshotted_at or line.updated_at
    return PartRead(read_at, line.service_period.end, None if line.is_live else invoice.voided_at)
