"""What is left to charge for of a period that was invoiced in part, and then goes on after all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from meterhouse.billing.invoice import Line
from meterhouse.billing.line_keys import is_part, part_key, part_start, whole_of
from meterhouse.billing.prepaid import Prepaid
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.target import TargetLine


@dataclass(frozen=True, slots=True)
class Known:
    """What became of the lines of subscriptions.

    Attributes:
        keys: of all live lines: pending, on invoices, or never to be billed.
        prepaid: what was invoiced in advance, and stands.
        parts: by key, the service periods of live lines on standard invoices that charge for a part of a flat fee's
            full service period, or of usage, and for no more than that part; of fees that callers wrote, those that
            they stand for.
        given_up: what of fees in units neither credit bore nor anybody will pay.
        rests: keys of live lines on standard invoices that charge for what is left of a fee's period, as agreed or as
            callers wrote them.
        closed: by key of which no line is live, the last revision: it was voided to be billed again, and what waited
            in its place was taken back.
        priced: of what was invoiced in advance at a price that callers wrote for a part of its period, and stands, the
            invoice by key.
    """

    keys: AbstractSet[str] = frozenset()
    parts: Mapping[str, Period] = field(default_factory=dict)
    prepaid: Sequence[Prepaid] = ()
    given_up: Sequence[Prepaid] = ()
    rests: AbstractSet[str] = frozenset()
    closed: Mapping[str, int] = field(default_factory=dict)
    priced: Mapping[str, str] = field(default_factory=dict)


Cuts = Mapping[str, Collection[datetime]]
"""By the key of a target line, where its service period is divided among several lines."""


def cuts(known: Known, pending: Collection[Line]) -> Cuts:
    """Each part that was invoiced ends its line; a rest that exists keeps the start that its key says.

    What was charged in full ends nothing, and what callers wrote where it was asked for until then: it stands for all
    of that.
    """
    found: dict[str, set[datetime]] = {}
    for key in (*known.parts, *known.rests, *(line.key for line in pending)):
        cut = found.setdefault(whole_of(key), set())
        if is_part(key):
            cut.add(part_start(key))
        if key in known.parts:
            cut.add(known.parts[key].end)
    for line in pending:
        if line.agreed_end is not None:
            found[whole_of(line.key)].add(line.stands_until)
    return found


def divided(target: TargetLine, at: Collection[datetime]) -> Iterator[TargetLine]:
    """The target line, or a rest, up to the first cut, and from each on a rest of its own; due like the whole."""
    if not at:
        yield target
        return
    whole, is_metered = target.service_period, target.rate_card.is_metered
    inside = sorted(cut for cut in at if whole.start < cut < whole.end)
    if not inside:
        yield target
        return
    for start, end in pairwise([whole.start, *inside, whole.end]):
        yield target._replace(
            key=target.key if start == whole.start else part_key(target.key, start, is_metered=is_metered),
            service_period=Period(start, end),
            whole_period=whole if is_metered else target.whole_period,
            is_terminal=target.is_terminal and end == whole.end,
        )
