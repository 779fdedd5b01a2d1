"""What prepaid credit bears of rated lines: the charges to it, and what is left of the lines then. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from meterhouse.billing.collection import with_lines
from meterhouse.billing.invoice import NOTHING, CreditAllocation, Invoice, Line, ManagedBy
from meterhouse.billing.line_spec import is_by_hand
from meterhouse.kernel.changed import replace
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.rating.line import DetailedLine, totals_of

_LAST_INSTANT = timedelta(microseconds=1)
_NOTHING = Decimal(0)


def charges_of(invoice: Invoice) -> Iterator[Charge]:
    """What the rated lines charge to the customer's credit, before taxes; each rating charges anew.

    Never more than they come to together: what some take off is charged by nobody, and the total stays 0 or more.
    """
    lines = [line for line in invoice.lines if line.grant_id is None]
    left = sum((line.totals for line in lines), start=NOTHING).charged
    for line in lines:
        amount = min(line.totals.charged, left)
        if amount > 0:
            left = EXACT.subtract(left, amount)
            yield replace(charge_of(line, f"{invoice.step}"), amount=amount)


def charge_of(line: Line, attempt: str) -> Charge:
    """What a rated line charges; `attempt` tells its ratings apart."""
    return Charge(
        key=_key(line, attempt),
        currency=line.currency,
        amount=line.totals.charged,
        at=used_at(line),
        mode=Mode(line.settlement_mode.value),
        feature=line.rate_card.feature_key,
        name=line.name,
    )


def used_at(line: Line) -> datetime:
    """The instant whose credit bears the line: usage's by the last of its service, whenever it is due.

    A fee in advance is borne by the credit of its first, one in arrears by that of its last. Where either is due
    before, of those in arrears what callers added or edited alone, it is borne by the credit of then: a later invoice
    takes none away, and whatever else moves a line's due time (a void, late usage beside another line) moves no credit.
    """
    period = line.service_period
    if line.is_in_advance:
        return min(line.invoice_at, period.start)
    last = period.end - _LAST_INSTANT
    is_written = is_by_hand(line) or line.managed_by is ManagedBy.MANUAL
    return min(line.invoice_at, last) if is_written and not line.is_metered else last


def credited(invoice: Invoice, collected: Mapping[str, Collected]) -> Invoice:
    """The rated invoice less what credit bears of it, and nothing of what it bore before."""
    if not collected and not any(line.credits for line in invoice.lines):
        return invoice
    lines = [credited_line(line, collected, f"{invoice.step}") for line in invoice.lines]
    is_borne = any(after is not before for after, before in zip(lines, invoice.lines, strict=True))
    return with_lines(invoice, lines) if is_borne else invoice


def credited_line(line: Line, collected: Mapping[str, Collected], attempt: str) -> Line:
    """The rated line less what credit bears of it: its detailed lines are borne in their order."""
    key = _key(line, attempt)
    allocations = collected[key].allocations if key in collected else ()
    borne = tuple(CreditAllocation(key, one.amount, one.grant_id) for one in allocations)
    if not borne and not line.credits:
        return line
    detailed = tuple(_reduced(line.detailed, borne))
    return replace(line, credits=borne, detailed=detailed, totals=totals_of(detailed))


def charge_keys(lines: Iterable[Line]) -> list[str]:
    """Of the charges that bear something of the lines."""
    return list(dict.fromkeys(one.charge for line in lines for one in line.credits))


def possible_charges(line: Line, step: int) -> list[str]:
    """Whatever the line of an invoice may have charged, however often it was rated up to this step."""
    return [_key(line, f"{number}") for number in range(step + 1)]


def _key(line: Line, attempt: str) -> str:
    return f"invoice_line/{line.id}/{attempt}"


def _reduced(detailed: Iterable[DetailedLine], borne: Iterable[CreditAllocation]) -> Iterator[DetailedLine]:
    left = _NOTHING
    for one in borne:
        left = EXACT.add(left, one.amount)
    for part in detailed:
        taken = min(left, max(part.net, _NOTHING))
        left = EXACT.subtract(left, taken)
        yield part._replace(credits=taken)
