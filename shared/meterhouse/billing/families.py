"""What lines come to that charge for one full period together: parts of it, one after the other.

Each line is rated as the whole period up to the furthest of them, less what the others have booked. So whatever is
rated again, voided or late, the sum is what one line for the whole would come to, to the cent.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce

from meterhouse.billing.collection import Missing, Quantities, RateLine, rated, usage_of, with_result
from meterhouse.billing.invoice import Line
from meterhouse.billing.line_keys import is_late, whole_of
from meterhouse.billing.profile import Workflow
from meterhouse.kernel.changed import replace
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.corrections import rate_delta
from meterhouse.rating.line import DetailedLine

_NONE = Decimal(0)


class Families:
    """Lines of one full period, by its key. It grows: a line that is rated counts for those that are rated after it.

    `standing` are live lines on standard invoices. Of those that are given up (on a deleted draft, taken off by hand)
    before they were rated, what they would have come to is given up too: `given_up` are those that were rated here.
    `owing` are those that would have to give back, which a credit note does: for late usage, or `withheld`.
    """

    def __init__(self, standing: Iterable[Line] = ()) -> None:
        self._members: dict[str, dict[str, Line]] = {}
        self.given_up: list[Line] = []
        self.owing: list[Line] = []
        for line in standing:
            self._keep(line)

    def readings(self, lines: Iterable[Line]) -> list[Line]:
        """The lines with the periods whose usage they are rated from, if they are rated in this order.

        What was given up before one of them is read for the same subjects.
        """
        wanted: dict[str, Line] = {}
        reached = {whole: _furthest(members.values()) for whole, members in self._members.items()}
        for line in lines:
            whole = whole_of(line.key)
            is_alone = whole not in reached and line.whole_period is None
            given_up = [_read_with(line, other) for other in self._given_up_before(line)]
            wanted |= {own.id: own for own in map(_own, given_up)}
            for one in (*given_up, line):
                if one.id not in wanted:
                    end = max(reached.get(whole) or one.service_period.end, one.service_period.end)
                    reached[whole] = end
                    wanted[one.id] = line if is_alone else _from_start(one, end)
        return list(wanted.values())

    def reading_of(self, line: Line) -> Decimal:
        """What a rated line was rated from, as the others stand now."""
        return EXACT.add(line.quantity or _NONE, _booked(self._others(line)))

    def own(self, lines: Iterable[Line], quantities: Quantities) -> dict[str, Decimal | Missing]:
        """What is left of each line's reading once the others' units are taken off."""
        found: dict[str, Decimal | Missing] = {}
        for line in lines:
            if line.id in quantities:
                read = quantities[line.id]
                booked = _booked(self._others(line))
                found[line.id] = read if isinstance(read, Missing) else EXACT.subtract(read, booked)
        return found

    def rating(self, quantities: Quantities) -> RateLine:
        """How a line is rated once the `readings` are there."""

        def rate_line(line: Line, quantity: Decimal, workflow: Workflow, now: datetime) -> Line:
            self._rate_what_was_given_up(line, quantities, workflow, now)
            return self.rate(line, quantity, workflow, now)

        return rate_line

    def rate(self, line: Line, quantity: Decimal, workflow: Workflow, now: datetime) -> Line:
        """The line with its amounts; `quantity` is that of its reading.

        Where usage was taken back a part books nothing, and the next one less; the last one is negative.
        """
        others = [other for other in self._others(line) if _is_rated(other)]
        if not others and line.whole_period is None:
            done = rated(line, quantity, workflow, now)
            self._keep(done)
            return done
        done = _after(others, line, quantity, workflow, now)
        if done.totals.charged < 0 and (is_late(line.key) or not _is_last(_last_of(line, others))):
            done = _booking_nothing(others, line, workflow, now)
            self.owing += [done] if is_late(line.key) else []
        self._keep(done)
        return done

    def withheld(self, line: Line, workflow: Workflow, now: datetime) -> Line:
        """The rated line, booking nothing: what it would take off is owed."""
        others = [other for other in self._others(line) if _is_rated(other)]
        done = _booking_nothing(others, line, workflow, now)
        self.owing.append(done)
        self._keep(done)
        return done

    def difference(self, line: Line, quantity: Decimal, workflow: Workflow, now: datetime) -> Line:
        """The line with what the reading comes to beside what the others have booked, be it less than nothing."""
        return _after([other for other in self._others(line) if _is_rated(other)], line, quantity, workflow, now)

    def _rate_what_was_given_up(self, line: Line, quantities: Quantities, workflow: Workflow, now: datetime) -> None:
        for other in self._given_up_before(line):
            read, own = (quantities.get(one.id) for one in (other, _own(other)))
            if isinstance(read, Decimal) and isinstance(own, Decimal):
                # what is used before it may be on a draft yet
                quantity = min(read, EXACT.add(_booked(self._others(other)), own))
                self.given_up.append(self.rate(other, quantity, workflow, now))

    def _given_up_before(self, line: Line) -> list[Line]:
        """Those that are not rated yet, in their order; what ends after the line waits for one that ends later."""
        others = self._others(line)
        if not others:
            return others
        end = line.service_period.end
        found = [one for one in others if not _is_rated(one) and one.service_period.end <= end]
        return sorted(found, key=lambda one: one.service_period.end)

    def _others(self, line: Line) -> list[Line]:
        return [one for one in self._members.get(whole_of(line.key), {}).values() if one.id != line.id]

    def _keep(self, line: Line) -> None:
        if line.is_metered:
            self._members.setdefault(whole_of(line.key), {})[line.id] = line


def _after(others: Collection[Line], line: Line, quantity: Decimal, workflow: Workflow, now: datetime) -> Line:
    """What is left for the line to charge, of the reading, once the rated `others` have booked theirs.

    All are rated on the terms of the last of them: what the whole is, and whether it ends with its subscription.
    """
    booked = [_as_rated(part) for other in others for part in other.detailed]
    return _less(booked, others, line, quantity, workflow, now)


def _booking_nothing(others: Collection[Line], line: Line, workflow: Workflow, now: datetime) -> Line:
    """The line as if nothing was used beside what the others charge for; it never gives back.

    What they booked after a part that is no more, in higher tiers maybe, may be more than their units come to by now.
    """
    units = _booked(others)
    done = _after(others, line, units, workflow, now)
    if done.totals.charged >= 0:
        return done
    whole = _less((), others, line, units, workflow, now)
    return _less(whole.detailed, others, line, units, workflow, now)


def _less(
    booked: Sequence[DetailedLine],
    others: Collection[Line],
    line: Line,
    quantity: Decimal,
    workflow: Workflow,
    now: datetime,
) -> Line:
    before, last = _booked(others), _last_of(line, others)
    terms = replace(line, whole_period=_whole(last), is_terminal=last.is_terminal)
    usage = replace(usage_of(terms, quantity, workflow), is_last=_is_last(last), whole_period=_whole(last))
    result = with_result(line, EXACT.subtract(quantity, before), rate_delta(usage, booked), now)
    return replace(result, quantity_before=before)


def _last_of(line: Line, others: Iterable[Line]) -> Line:
    return max((line, *others), key=lambda one: one.service_period.end)


def _as_rated(part: DetailedLine) -> DetailedLine:
    """Before credit and taxes, which come after rating."""
    return part._replace(credits=_NONE, taxes_inclusive=_NONE, taxes_exclusive=_NONE)


def _booked(lines: Iterable[Line]) -> Decimal:
    return reduce(EXACT.add, (line.quantity or _NONE for line in lines), _NONE)


def _is_rated(line: Line) -> bool:
    return line.quantity is not None


def _is_last(line: Line) -> bool:
    return line.service_period.end == _whole(line).end


def _whole(line: Line) -> Period:
    return line.whole_period or line.service_period


def _own(line: Line) -> Line:
    """What the usage of its own period alone is read for."""
    return replace(line, id=f"{line.id}/own")


def _read_with(line: Line, other: Line) -> Line:
    return other if other.subjects else replace(other, subjects=line.subjects)


def _from_start(line: Line, end: datetime) -> Line:
    return replace(line, service_period=Period(_whole(line).start, end))


def _furthest(lines: Iterable[Line]) -> datetime | None:
    """The last end of those that are rated."""
    return max((line.service_period.end for line in lines if _is_rated(line)), default=None)
